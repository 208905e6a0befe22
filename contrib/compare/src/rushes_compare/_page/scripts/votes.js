// What the reader has chosen: votes, blind mode, the theme. Stored in the browser, if it allows
// that, under the comparison's id.
import { cellsById, data, slots, takesWithVideo } from "./data.js";

/** @import { PairVote, Theme, Vote } from "./types.js" */

const KEY = `rushes-compare:${data.id}`;

/** @typedef {"vote" | "end"} Reveal When names are shown: after each row's vote, or at the end. */

export const state = {
  /** @type {Map<number, Vote>} By row. */
  votes: new Map(),
  /** @type {Map<string, PairVote>} By `pairKey`. */
  pairs: new Map(),
  /** A random number that tells the reader's exports from other people's. */
  voter: "",
  blind: false,
  /** @type {Reveal} */
  reveal: "vote",
  /** @type {Map<number, string[]>} The shuffled variants of each row. */
  orders: new Map(),
  /** @type {Theme} */
  theme: "",
};

export function restore() {
  state.voter = [...crypto.getRandomValues(new Uint8Array(8))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  try {
    const saved = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (["vote", "end"].includes(saved.reveal)) state.reveal = saved.reveal;
    if (["", "light", "dark"].includes(saved.theme)) state.theme = saved.theme;
    state.votes = validVotes(saved.votes);
    if (isVoter(saved.voter)) {
      state.voter = saved.voter;
      state.pairs = validPairs(saved.pairs);
    }
    if (saved.blind === true && !data.revealing) startBlind();
  } catch {
    // There is no storage, or its content is not ours: start afresh.
  }
}

export function save() {
  const { votes, pairs, orders, ...others } = state;
  const saved = {
    ...others,
    votes: Object.fromEntries(votes),
    pairs: [...pairs.values()],
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

/** @param {unknown} given @returns {given is string} */
const isVoter = (given) => typeof given === "string" && /^[0-9a-f]{1,64}$/.test(given);

/** @param {string} one @param {string} other the ids of two cells */
export const pairKey = (one, other) => [one, other].sort().join(" ");

/**
 * Return only what can be votes on pairs of this comparison.
 * @param {unknown} given
 */
function validPairs(given) {
  /** @type {Map<string, PairVote>} */
  const pairs = new Map();
  for (const vote of Array.isArray(given) ? given : []) {
    const [left, right] = [cellsById.get(vote?.left), cellsById.get(vote?.right)];
    const fits = left && right && left.variant !== right.variant && left.row === right.row;
    const said = ["left", "right", "tie", "both_bad"].includes(vote?.choice);
    if (!fits || !said || left.pool !== right.pool || !(vote.at >= 0 && vote.at < 2 ** 37)) continue;
    const { choice, at } = vote;
    pairs.set(pairKey(left.id, right.id), {
      row: left.row,
      left: left.id,
      right: right.id,
      choice,
      at,
    });
  }
  return pairs;
}

/** @param {PairVote} vote */
export function setPairVote(vote) {
  state.pairs.set(pairKey(vote.left, vote.right), vote);
  save();
}

/** @param {PairVote} vote */
export function removePairVote(vote) {
  state.pairs.delete(pairKey(vote.left, vote.right));
  save();
}

/**
 * In how many pairs a variant was judged, and how many it won.
 * @param {string} variant
 */
export function pairsOf(variant) {
  const judged = [...state.pairs.values()].flatMap(({ left, right, choice }) => {
    const side = [left, right].findIndex((id) => cellsById.get(id)?.variant === variant);
    return side < 0 ? [] : [choice === ["left", "right"][side]];
  });
  return { judged: judged.length, won: judged.filter(Boolean).length };
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
  state.orders.set(row, shuffled(data.variants));
}

/**
 * @template Item
 * @param {Item[]} list
 */
export function shuffled(list) {
  const order = [...list];
  for (let place = order.length - 1; place > 0; place -= 1) {
    const other = crypto.getRandomValues(new Uint32Array(1))[0] % (place + 1);
    [order[place], order[other]] = [order[other], order[place]];
  }
  return order;
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
  const { voter } = state;
  const said = { exported_at: Date.now() / 1000, votes, pairs: [...state.pairs.values()] };
  return JSON.stringify({ schema: 1, comparison: data.id, voter, ...said }, null, 2);
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
  const pairs = validPairs(found.pairs);
  if (pairs.size && found.voter !== state.voter) {
    if (state.pairs.size || !isVoter(found.voter))
      throw new Error(
        "These pairs are somebody else's; “rushes votes merge” adds up the votes of several people.",
      );
    state.voter = found.voter;
  }
  for (const [row, vote] of votes) state.votes.set(row, vote);
  for (const [key, vote] of pairs) if (vote.at >= (state.pairs.get(key)?.at ?? 0)) state.pairs.set(key, vote);
  save();
  return votes.size + pairs.size;
}
