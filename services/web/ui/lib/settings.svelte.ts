/** What this device remembers: the look, the language, the community, and who is at the desk. */

export type Language = "zh" | "en";
export type Theme = "light" | "sun" | "dark";
export type TextSize = "usual" | "large";

/** What this device remembers under a name; a browser that keeps nothing remembers nothing. */
export const stored = (name: string) => {
  try {
    return localStorage.getItem(`lastmeter.${name}`);
  } catch {
    return null;
  }
};

export const store = (name: string, value: string | null) => {
  try {
    if (value === null) localStorage.removeItem(`lastmeter.${name}`);
    else localStorage.setItem(`lastmeter.${name}`, value);
  } catch {
    // A browser that keeps nothing still works for this visit.
  }
};

class Settings {
  language = $state<Language>(stored("language") === "en" ? "en" : "zh");
  theme = $state<Theme>((document.documentElement.dataset.theme as Theme | undefined) ?? "light");
  size = $state<TextSize>(stored("size") === "large" ? "large" : "usual");
  community = $state<string | null>(stored("community"));
  communityName = $state<string>(stored("community-name") ?? "");
  badge = $state<string | null>(stored("badge"));
  sound = $state<boolean>(stored("sound") !== "off");

  setLanguage(language: Language) {
    this.language = language;
    document.documentElement.lang = language === "en" ? "en" : "zh-CN";
    store("language", language);
  }

  setTheme(theme: Theme) {
    this.theme = theme;
    document.documentElement.dataset.theme = theme;
    store("theme", theme);
  }

  setSize(size: TextSize) {
    this.size = size;
    document.documentElement.dataset.size = size;
    store("size", size);
  }

  setCommunity(id: string, name: string) {
    this.community = id;
    this.communityName = name;
    store("community", id);
    store("community-name", name);
  }

  setBadge(badge: string | null) {
    this.badge = badge;
    store("badge", badge);
  }

  setSound(on: boolean) {
    this.sound = on;
    store("sound", on ? "on" : "off");
  }
}

export const settings = new Settings();
