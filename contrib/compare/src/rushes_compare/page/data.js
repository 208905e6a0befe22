// The results and the files' addresses are read once, and taken out of the document when the page
// stands: while a row is blind, no variant's name may be found in it. Until then the plain table is
// what is left to read where the script halts.
addEventListener("error", () => document.documentElement.classList.add("halted"));
const data = JSON.parse(document.getElementById("data").textContent);
const files = new Map();
for (const link of document.querySelectorAll("#plain a[data-cell]")) {
  files.set(Number(link.dataset.cell), {
    video: link.getAttribute("href"),
    poster: link.dataset.poster || null,
  });
}

const PROMISES = [
  "resolution",
  "aspect_ratio",
  "duration",
  "audio",
  "shots",
  "first_frame",
  "file",
];
const UNFINISHED = ["planned", "recorded", "sending", "queued", "in_progress"];

data.cells.forEach((cell, number) => {
  cell.number = number;
  cell.broken = cell.promises.filter((promise) => promise.kept === false).length;
  // What was refused, and what cannot be asked for, costs nothing.
  const free = { refused: 0, cannot: null };
  cell.cost = cell.billed ?? (cell.state in free ? free[cell.state] : cell.estimate);
  const spent = Object.values(cell.timing).filter(known);
  cell.time = spent.length ? total(spent) : null;
  const coming = cell.state === "completed" && !cell.failure && !cell.video; // being fetched
  if (files.has(number)) cell.kind = "video";
  else if (cell.state === "cannot") cell.kind = "cannot";
  else cell.kind = coming || UNFINISHED.includes(cell.state) ? "unfinished" : "failed";
});

// A slot is a place in the table: all takes of one variant for one row.
const slots = data.rows.map((_, row) =>
  data.variants.map((variant) => ({
    row,
    variant,
    takes: data.cells
      .filter((cell) => cell.row === row && cell.variant === variant)
      .sort((one, other) => one.repeat - other.repeat),
  })),
);
const filmed = (slot) => slot.takes.filter((cell) => cell.kind === "video");
const cellsOf = (variant) => data.cells.filter((cell) => cell.variant === variant);
const prompt = (row) => (typeof row.request.prompt === "string" ? row.request.prompt : "");

// The cell beside which another is read: the same take, or one, of the nearest variant that stands
// before it and was sent anything. What stands where is the reader's: sorted, filtered.
function neighbour(cell, before) {
  const sent = before.map((slot) => slot.takes.filter((one) => one.sent !== null));
  const last = sent.findLast((takes) => takes.length);
  return last?.find((one) => one.repeat === cell.repeat) ?? last?.[0];
}

const ORDERS = {
  given: () => 0,
  name: (variant) => variant,
  cost: (variant) => {
    const { asked, sum, unknown } = costOf(cellsOf(variant));
    return unknown || !asked ? Infinity : sum;
  },
  time: (variant) => meanOf(variant, "time"),
  votes: (variant) => -votesFor(variant),
  "broken promises": (variant) => total(cellsOf(variant).map((cell) => cell.broken)),
};

// What cells cost together: `sum` of what is known, how many are not, and whether it is a guess.
function costOf(cells) {
  const asked = cells.filter((cell) => cell.kind !== "cannot");
  const told = asked.filter((cell) => known(cell.cost));
  return {
    asked: asked.length,
    sum: total(told.map((cell) => cell.cost)),
    unknown: asked.length - told.length,
    guessed: told.some((cell) => !known(cell.billed) && cell.state !== "refused"),
  };
}
function costSaid({ asked, sum, unknown }) {
  if (!asked) return "–";
  if (!unknown) return dollars(sum);
  return sum > 0 ? `≥ ${dollars(sum)}` : "unknown";
}
function meanOf(variant, what) {
  const numbers = cellsOf(variant)
    .map((cell) => cell[what])
    .filter(known);
  return numbers.length ? total(numbers) / numbers.length : Infinity;
}

function sorted(variants, order) {
  const key = ORDERS[order];
  return [...variants].sort((one, other) => {
    const [here, there] = [key(one), key(other)];
    return here < there ? -1 : here > there ? 1 : 0;
  });
}
