/**
 * The community's own time. Windows open, waves leave and days close by the clock on its wall, so every
 * time on a screen is shown by that clock, whatever zone the device that shows it is in.
 */
import { graphql } from "./graphql";
import { settings, store, stored } from "./settings.svelte";

const RETRY_MS = 5_000;
const ASKED = "query ($community: ID!) { community(key: $community) { timeZone } }";

const kept = (community: string | null) => (community ? usable(stored(`zone-${community}`)) : undefined);

let name = $state<string | undefined>(kept(settings.community));

/** A zone that this browser knows; without one it shows its own. */
function usable(zone: string | null | undefined): string | undefined {
  try {
    return zone ? new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone : undefined;
  } catch {
    return undefined;
  }
}

/** Shows this community's time, as it was kept and then as the engine tells it, until the returned function is called. */
export function keepTimeOf(community: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let alive = true;
  name = kept(community);
  const read = async () => {
    try {
      const found = await graphql<{ community: { timeZone: string } | null }>(ASKED, { community });
      const zone = usable(found.community?.timeZone);
      if (!alive || !zone) return;
      name = zone;
      store(`zone-${community}`, zone);
    } catch {
      // What was kept is still true, because a community's zone never changes; else it is asked for again.
      if (alive && name === undefined) timer = setTimeout(read, RETRY_MS);
    }
  };
  void read();
  return () => {
    alive = false;
    clearTimeout(timer);
  };
}

type Time = string | number | Date;

/** A time in the community's zone, in the language of `locale`. */
export const formatted = (locale: string, time: Time, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(locale, { ...options, ...(name ? { timeZone: name } : {}) }).format(new Date(time));

/** The local day of a moment there, such as 2026-11-26. */
export const dateOf = (time: Time) => formatted("en-CA", time, { year: "numeric", month: "2-digit", day: "2-digit" });

/** How late it is there at a moment, such as 14:05:09. */
export const timeOf = (time: Time) =>
  formatted("en-GB", time, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** What the clock there shows at a moment, in milliseconds, as if it ran in the zone of nobody. */
const shown = (time: Time) => Date.parse(`${dateOf(time)}T${timeOf(time)}Z`);

/** The moment at which the clock there shows `time` (14:05), so many days after the day of `on`. */
export function momentOf(time: string, on: Time = Date.now(), days = 0): Date {
  const wanted = Date.parse(`${dateOf(on)}T${time.slice(0, 5)}:00Z`) + days * 86_400_000;
  const ahead = (at: number) => shown(at) - Math.floor(at / 1000) * 1000;
  // What it is ahead by may change in between; asked again there it is right.
  const near = wanted - ahead(wanted);
  return new Date(wanted - ahead(near));
}
