/** Whether single keys act, for those who type by voice or with one hand; and whether they may now. */
const NAME = "lastmeter.desk-keys";

class Keys {
  on = $state(kept());

  set(on: boolean) {
    this.on = on;
    try {
      localStorage.setItem(NAME, on ? "on" : "off");
    } catch {
      // A browser that keeps nothing still obeys for this visit.
    }
  }

  /** Whether this key press is one of ours: nobody types, no dialog is open, no other key is held. */
  ours(event: KeyboardEvent): boolean {
    const target = event.target as HTMLElement;
    const typing = target.matches("input, textarea, select") || document.querySelector("dialog[open]");
    return this.on && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  }
}

function kept(): boolean {
  try {
    return localStorage.getItem(NAME) !== "off";
  } catch {
    return true;
  }
}

export const keys = new Keys();
