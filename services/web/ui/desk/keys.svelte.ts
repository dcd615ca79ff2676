/** Whether single keys act, for those who type by voice or with one hand; and whether they may now. */
import { store, stored } from "../lib/settings.svelte";

const NAME = "desk-keys";

class Keys {
  on = $state(stored(NAME) !== "off");

  set(on: boolean) {
    this.on = on;
    store(NAME, on ? "on" : "off");
  }

  /** Whether this key press is one of ours: nobody types, no dialog is open, no other key is held. */
  ours(event: KeyboardEvent): boolean {
    const target = event.target as HTMLElement;
    const typing = target.matches("input, textarea, select") || document.querySelector("dialog[open]");
    // A key that is held down is pressed once: it must not walk on and settle the next piece too.
    return this.on && !event.repeat && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  }
}

export const keys = new Keys();
