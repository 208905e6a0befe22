// What the reader did: votes, blind mode, the look. Kept in the browser where it lets us, under the
// comparison's id. A vote is for a variant, or null for "none of them".
const KEY = `rushes-compare:${data.id}`;
const state = { votes: {}, blind: false, reveal: "vote", orders: {}, theme: "" };
try {
  const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  if (["vote", "end"].includes(kept.reveal)) state.reveal = kept.reveal;
  if (["", "light", "dark"].includes(kept.theme)) state.theme = kept.theme;
  state.votes = sound(kept.votes);
  if (kept.blind === true && !data.telling) begin();
} catch {
  // no storage here, or somebody else's words in it: this page begins anew
}

function keep() {
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // the votes then last as long as the page; they can be exported
  }
}

// Takes over only what can be a vote in this comparison.
function sound(votes) {
  const taken = {};
  for (const [row, vote] of Object.entries(votes ?? {})) {
    const fits = vote && (vote.variant === null || data.variants.includes(vote.variant));
    if (Number.isInteger(Number(row)) && data.rows[row] && fits) {
      taken[row] = { variant: vote.variant, blind: vote.blind === true };
    }
  }
  return taken;
}

const votable = () =>
  data.rows.map((_, row) => row).filter((row) => slots[row].some((slot) => filmed(slot).length));
const voted = (row) => state.votes[row]?.blind === true;
// A blind row knows nothing of a vote that was given with open eyes.
const voteIn = (row, blind) => (blind && !voted(row) ? undefined : state.votes[row]);
const finished = () => votable().every(voted);
const blindRow = (row) => state.blind && !finished() && !(state.reveal === "vote" && voted(row));
const anyBlind = () => data.rows.some((_, row) => blindRow(row));
const votesFor = (variant) =>
  Object.values(state.votes).filter((vote) => vote.variant === variant).length;

function begin() {
  state.blind = true;
  for (const row of data.rows.keys()) shuffle(row);
}

function shuffle(row) {
  const order = [...data.variants];
  for (let place = order.length - 1; place > 0; place -= 1) {
    const other = crypto.getRandomValues(new Uint32Array(1))[0] % (place + 1);
    [order[place], order[other]] = [order[other], order[place]];
  }
  state.orders[row] = order;
}

function vote(row, variant) {
  state.votes[row] = { variant, blind: blindRow(row) };
  keep();
}

function undo(row) {
  const seen = state.blind && !blindRow(row);
  delete state.votes[row];
  if (seen) shuffle(row);
  keep();
}

function exported() {
  const votes = Object.entries(state.votes).map(([row, one]) => ({
    row: Number(row),
    name: data.rows[row].name,
    variant: one.variant,
    blind: one.blind,
  }));
  return JSON.stringify({ schema: 1, comparison: data.id, votes }, null, 2);
}

// Raises an Error with words for the reader where the text is no export of this comparison's votes.
function imported(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error("This file is not JSON; choose one that “Export votes” made.");
  }
  if (!found || !Array.isArray(found.votes)) throw new Error("There are no votes in this file.");
  if (found.comparison !== data.id) throw new Error("These votes are about another comparison.");
  const votes = sound(Object.fromEntries(found.votes.map((one) => [one?.row, one])));
  Object.assign(state.votes, votes);
  keep();
  return Object.keys(votes).length;
}
