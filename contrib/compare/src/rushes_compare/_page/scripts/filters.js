// Which variants of a row the reader wants to see, and in which order.
import { cellsOf, costOf, data, meanTime, promptOf, slots, takesWithVideo } from "./data.js";
import { total } from "./text.js";
import { anyBlind, isBlind, state, votesFor } from "./votes.js";

/** @import { Kind, Slot } from "./types.js" */

/** What variants are sorted by; less comes first. */
const SORT_KEYS = {
  given: () => 0,
  name: (/** @type {string} */ variant) => variant,
  cost: (/** @type {string} */ variant) => {
    const { asked, sum, unknown } = costOf(cellsOf(variant));
    return unknown || !asked ? Infinity : sum;
  },
  time: meanTime,
  votes: (/** @type {string} */ variant) => -votesFor(variant),
  "broken promises": (/** @type {string} */ variant) =>
    total(cellsOf(variant).map((cell) => cell.broken)),
};

/** @typedef {keyof typeof SORT_KEYS} Order */

export const ORDERS = /** @type {Order[]} */ (Object.keys(SORT_KEYS));

export const filters = {
  /** Lower case. */
  text: "",
  /** @type {Kind | "all"} */
  kind: "all",
  broken: false,
  /** @type {Order} */
  order: "given",
  /** @type {Set<string>} Variants that are not shown. */
  without: new Set(),
};

/** @param {string[]} variants */
export function sorted(variants) {
  const key = SORT_KEYS[filters.order];
  return [...variants].sort((one, other) => {
    const [here, there] = [key(one), key(other)];
    return here < there ? -1 : here > there ? 1 : 0;
  });
}

/**
 * The slots of a row that are shown, in order. While anything is blind only the prompt can be
 * searched: any other filter would reveal who is who.
 * @param {number} row
 */
export function shownSlots(row) {
  const shuffled = anyBlind() ? state.orders.get(row) : undefined;
  const order = shuffled ?? sorted(data.variants);
  const all = order.flatMap((variant) => slots[row].filter((slot) => slot.variant === variant));
  if (isBlind(row)) return all.filter((slot) => takesWithVideo(slot).length);
  return all.filter((slot) => anyBlind() || matches(slot));
}

/** @param {Slot} slot */
function matches(slot) {
  if (filters.without.has(slot.variant)) return false;
  if (filters.kind !== "all" && !slot.takes.some((cell) => cell.kind === filters.kind))
    return false;
  if (filters.broken && !slot.takes.some((cell) => cell.broken)) return false;
  return (
    rowMatches(slot.row) ||
    anyContains([
      slot.variant,
      ...slot.takes.flatMap((cell) => [
        cell.state,
        cell.failure?.message,
        cell.failure?.reason,
        ...cell.problems.map((one) => one.message),
      ]),
    ])
  );
}

/** @param {(string | null | undefined)[]} texts */
const anyContains = (texts) => texts.some((text) => text?.toLowerCase().includes(filters.text));

/** @param {number} row */
export const rowMatches = (row) =>
  !filters.text || anyContains([data.rows[row].name, promptOf(data.rows[row])]);
