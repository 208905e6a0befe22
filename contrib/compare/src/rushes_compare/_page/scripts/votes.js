// What the reader has chosen: votes, blind mode, the theme. Stored in the browser, if it allows
// that, under the comparison's id.
import { data, slots, takesWithVideo } from "./data.js";

/** @import { Theme, Vote } from "./types.js" */

const KEY = `rushes-compare:${data.id}`;

/** @typedef {"vote" | "end"} Reveal When names are shown: after each row's vote, or at the end. */

export const state = {
  /** @type {Map<number, Vote>} By row. */
  votes: new Map(),
  blind: false,
  /** @type {Reveal} */
  reveal: "vote",
  /** @type {Map<number, string[]>} The shuffled variants of each row. */
  orders: new Map(),
  /** @type {Theme} */
  theme: "",
};

export function restore() {
  try {
    const saved = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (["vote", "end"].includes(saved.reveal)) state.reveal = saved.reveal;
    if (["", "light", "dark"].includes(saved.theme)) state.theme = saved.theme;
    state.votes = validVotes(saved.votes);
    if (saved.blind === true && !data.revealing) startBlind();
  } catch {
    // There is no storage, or its content is not ours: start afresh.
  }
}

export function save() {
  const { votes, orders, ...others } = state;
  const saved = {
    ...others,
    votes: Object.fromEntries(votes),
    orders: Object.fromEntries(orders),
  };
  try {
    localStorage.setItem(KEY, JSON.stringify(saved));
  } catch {
    // The votes are lost when the page is closed, unless they are exported.
  }
}

/**
 * Return only what can be a vote in this comparison.
 * @param {unknown} given
 */
function validVotes(given) {
  /** @type {Map<number, Vote>} */
  const votes = new Map();
  for (const [name, vote] of Object.entries(given ?? {})) {
    const fits = vote && (vote.variant === null || data.variants.includes(vote.variant));
    if (Number.isInteger(Number(name)) && Object.hasOwn(data.rows, name) && fits) {
      votes.set(Number(name), { variant: vote.variant, blind: vote.blind === true });
    }
  }
  return votes;
}

export const votableRows = () =>
  [...data.rows.keys()].filter((row) => slots[row].some((slot) => takesWithVideo(slot).length));

/** @param {number} row */
export const hasBlindVote = (row) => state.votes.get(row)?.blind === true;

/**
 * A row's vote, if it may be shown: a blind row hides a vote that was not blind.
 * @param {number} row
 * @param {boolean} blind
 */
export const shownVote = (row, blind) =>
  blind && !hasBlindVote(row) ? undefined : state.votes.get(row);

export const allVoted = () => votableRows().every(hasBlindVote);

/** @param {number} row */
export const isBlind = (row) =>
  state.blind && !allVoted() && !(state.reveal === "vote" && hasBlindVote(row));

export const anyBlind = () => data.rows.some((_, row) => isBlind(row));

/** @param {string} variant */
export const votesFor = (variant) =>
  [...state.votes.values()].filter((vote) => vote.variant === variant).length;

export function startBlind() {
  state.blind = true;
  for (const row of data.rows.keys()) shuffle(row);
}

/** @param {number} row */
function shuffle(row) {
  const order = [...data.variants];
  for (let place = order.length - 1; place > 0; place -= 1) {
    const other = crypto.getRandomValues(new Uint32Array(1))[0] % (place + 1);
    [order[place], order[other]] = [order[other], order[place]];
  }
  state.orders.set(row, order);
}

/** @param {number} row @param {string | null} variant */
export function setVote(row, variant) {
  state.votes.set(row, { variant, blind: isBlind(row) });
  save();
}

/** @param {number} row */
export function removeVote(row) {
  const revealed = state.blind && !isBlind(row);
  state.votes.delete(row);
  if (revealed) shuffle(row);
  save();
}

export function exportVotes() {
  const votes = [...state.votes]
    .sort(([one], [other]) => one - other)
    .map(([row, { variant, blind }]) => ({ row, name: data.rows[row].name, variant, blind }));
  return JSON.stringify({ schema: 1, comparison: data.id, votes }, null, 2);
}

/**
 * Add the votes of an exported file and return how many there were. Throws an Error that the reader
 * can act on if the text is not an export of this comparison's votes.
 * @param {string} text
 */
export function importVotes(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error("This file is not valid JSON; choose one saved with “Export”.");
  }
  /** @type {{ row?: unknown }[] | undefined} */
  const given = Array.isArray(found?.votes) ? found.votes : undefined;
  if (!given) throw new Error("There are no votes in this file.");
  if (found.comparison !== data.id) throw new Error("These votes belong to another comparison.");
  const votes = validVotes(Object.fromEntries(given.map((one) => [one?.row, one])));
  for (const [row, vote] of votes) state.votes.set(row, vote);
  save();
  return votes.size;
}
