/** What can be done with a piece, by where it is and why it needs care. The engine decides; this only offers. */
export interface Action {
  /** Its words. */
  name: string;
  kind: string;
  fields?: Record<string, unknown>;
  /** It cannot be taken back: asked once more before it is sent. */
  final?: boolean;
}

const dispose = (name: string, disposal: string): Action => ({ name, kind: "dispose", fields: { disposal }, final: true });
const giveBack = (name: string, refusal: string): Action => ({ name, kind: "refuse", fields: { refusal }, final: true });
const settle = (name: string, truth: string): Action => ({ name, kind: "settle_dispute", fields: { truth }, final: true });

const AT_THE_POINT = ["at_gate", "disinfecting", "to_sort", "on_shelf", "held"];
const WITH_COURIER = ["loaded", "at_foot", "failed"];

export function actionsOf(spot: string, reasons: readonly string[], perishable: boolean): Action[] {
  const has = (reason: string) => reasons.includes(reason);
  const here = AT_THE_POINT.includes(spot);
  const actions: Action[] = [];
  if (has("missing") || spot === "missing") {
    actions.push({ name: "found", kind: "found" }, dispose("lost", "lost"));
  }
  if (has("disputed")) {
    actions.push(settle("settleHandedOff", "handed_off"), settle("settleReturned", "returned"), settle("settleNot", "not_received"));
  }
  if (WITH_COURIER.includes(spot)) actions.push({ name: "return", kind: "return" });
  if (has("mis_sorted")) actions.push({ name: "sort", kind: "sort" });
  if (has("recalled") && here) actions.push(dispose("disposeRecalled", "recalled"));
  if (has("damaged") && here) actions.push(dispose("disposeDamaged", "damaged"), giveBack("giveBackDamaged", "damaged"));
  if ((has("perishable_at_risk") || has("overdue")) && here && perishable) {
    actions.push(giveBack("giveBackSpoil", "would_spoil"), dispose("spoiled", "spoiled"));
  }
  if (has("failed") && here) actions.push(giveBack("giveBackRefused", "recipient_refused"));
  if (has("held") || spot === "held") actions.push(giveBack("giveBackOurs", "not_ours"), dispose("unclaimed", "unclaimed"));
  if (spot === "handed_off") {
    actions.push(
      { name: "reopenNot", kind: "reopen", fields: { reopen: "not_received" } },
      { name: "reopenDoor", kind: "reopen", fields: { reopen: "wrong_door" } },
      { name: "reopenMistake", kind: "reopen", fields: { reopen: "mistake" } },
    );
  }
  return actions;
}

/** What is rarely done, and only from the piece's own page. */
export function rareActionsOf(spot: string): Action[] {
  const open = AT_THE_POINT.includes(spot) || WITH_COURIER.includes(spot);
  return open
    ? [
        { name: "missing", kind: "missing" },
        { name: "damaged", kind: "damage", fields: { usable: false } },
        { name: "usable", kind: "damage", fields: { usable: true } },
      ]
    : [];
}

/** The keys of the actions, in their order. */
export const KEYS = ["a", "b", "c", "d", "e", "f"];
