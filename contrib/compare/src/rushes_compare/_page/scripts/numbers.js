// The numbers of each variant in one pool: a table that sorts by any column, and a scatter of any
// number against the cost; and a summary of all pools to paste into a message. Nothing of it is shown
// while a row is blind.
import { variantName } from "./cell.js";
import { cellsOf, data } from "./data.js";
import { announce, button, dropdown, foreign, make } from "./dom.js";
import { scatter } from "./scatter.js";
import { escapeInvisible, isKnown, plural, shortNumber, total } from "./text.js";
import { anyBlind, state, votesFor } from "./votes.js";

/** @import { Column, PoolRatings } from "./types.js" */

export const numbersElement = make("section", { class: "numbers", "aria-label": "Numbers" });

const USUAL = ["motion", "sharpness", "repeated_frames", "loop"];

/** @typedef {(variant: string) => number | null} Of */
/** @typedef {Column & { of: Of, spread?: Of, floating?: boolean }} Shown */

/** @param {number[]} values */
function median(values) {
  if (!values.length) return null;
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const pools = Object.keys(data.figures);

/** @param {string} pool */
const figuresIn = (pool) => data.figures[pool] ?? [];

/** @param {string} pool */
const videosIn = (pool) => total(figuresIn(pool).map(({ made }) => made));

// The pool that is shown: at first that with the most videos.
let pool = pools.toSorted((one, other) => videosIn(other) - videosIn(one))[0];

/** @param {string} variant */
const cellsIn = (variant) => cellsOf(variant).filter((cell) => cell.pool === pool);

const variantsIn = () => data.variants.filter((variant) => cellsIn(variant).length > 0);

/** @param {string} variant @param {string} name */
const medianOf = (variant, name) =>
  median(
    cellsIn(variant)
      .map((cell) => data.numbers[cell.number][name])
      .filter(isKnown),
  );

/**
 * Return by how much the takes of one request differ at most; null if there is nothing to compare.
 * @param {string} variant
 * @param {string} name
 */
function spreadOf(variant, name) {
  /** @type {Map<number, number[]>} The numbers of each row. */
  const rows = new Map();
  for (const cell of cellsIn(variant)) {
    const value = data.numbers[cell.number][name];
    if (isKnown(value)) rows.set(cell.row, [...(rows.get(cell.row) ?? []), value]);
  }
  const takes = [...rows.values()].filter((values) => values.length > 1);
  if (!takes.length) return null;
  return Math.max(...takes.map((values) => Math.max(...values) - Math.min(...values)));
}

// How many rows of the pool a variant was picked in.
/** @param {string} variant */
function votesIn(variant) {
  const rows = new Set(cellsIn(variant).map((cell) => cell.row));
  return [...rows].filter((row) => state.votes.get(row)?.variant === variant).length;
}

/** @returns {PoolRatings | undefined} The merged votes of several people on videos of the pool. */
const ratings = () => data.ratings?.pools[data.pool_titles.indexOf(pool)];

/** @type {Shown} */
const RATING = {
  name: "rating",
  label: "Rating",
  unit: "",
  meaning:
    "From the merged votes between two videos; 1000 is the average of the pool. How sure it is, is in the table of ratings.",
  of: (variant) => ratings()?.standings.find((one) => one.variant === variant)?.rating ?? null,
  floating: true,
};

/** @type {Shown[]} What each variant has once. */
const FIGURES = [
  ...data.figure_columns.map((column) => ({
    ...column,
    of: (/** @type {string} */ variant) =>
      figuresIn(pool).find((one) => one.variant === variant)?.[column.name] ?? null,
  })),
  {
    name: "votes",
    label: "Votes",
    unit: "",
    meaning: "How often it was picked as the best of a row, in this browser.",
    of: votesIn,
  },
  ...(data.ratings?.pools.length ? [RATING] : []),
];

/** @type {Shown[]} The medians of what each video has. */
const MEASURES = data.all_columns.map((column) => ({
  ...column,
  of: (variant) => medianOf(variant, column.name),
  spread: (variant) => spreadOf(variant, column.name),
}));

const shown = new Set(data.columns.length ? data.columns : USUAL);
const sorting = { by: "", down: false };
const drawn = { by: ratings() ? "rating" : "motion", against: "cost" };
let open = false;

export function drawNumbers() {
  if (anyBlind()) return numbersElement.replaceChildren();
  const { activeElement } = document;
  const key = activeElement instanceof HTMLElement ? activeElement.dataset.key : undefined;
  const details = make(
    "details",
    { class: "all-numbers", open },
    make("summary", { "data-key": "numbers" }, "Numbers"),
    pools.length > 1 && poolMenu(),
    columnsMenu(),
    table(),
    shownColumns().some(({ spread }) => variantsIn().some((variant) => spread?.(variant))) &&
      make("p", { class: "soft" }, "“Apart”: by how much takes of one prompt differ at most."),
    meanings(),
    plot(),
    reasons(),
    summary(),
  );
  details.addEventListener("toggle", () => (open = details.open));
  numbersElement.replaceChildren(details);
  const again = key && numbersElement.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** @returns {Shown[]} */
const shownColumns = () => [...FIGURES, ...MEASURES.filter(({ name }) => shown.has(name))];

function poolMenu() {
  /** @type {[string, string][]} */
  const choices = pools.map((name) => [name, `${name} (${plural(videosIn(name), "video")})`]);
  return make(
    "div",
    { class: "pools" },
    dropdown("Pool", { id: "pool", "data-key": "pool" }, choices, pool, (chosen) => {
      pool = chosen;
      drawNumbers();
    }),
    make("p", { class: "soft" }, "Only videos of one pool are compared."),
  );
}

function columnsMenu() {
  return make(
    "fieldset",
    { class: "columns" },
    make("legend", {}, "Columns"),
    MEASURES.map(({ name, label }) => {
      const box = make("input", {
        type: "checkbox",
        checked: shown.has(name),
        "data-key": `column ${name}`,
      });
      box.addEventListener("change", () => {
        if (box.checked) shown.add(name);
        else shown.delete(name);
        drawNumbers();
      });
      return make("label", { class: "checkbox" }, box, label);
    }),
  );
}

function sortedVariants() {
  const column = shownColumns().find(({ name }) => name === sorting.by);
  if (!column) return variantsIn();
  const sign = sorting.down ? -1 : 1;
  return variantsIn().toSorted((one, other) => {
    const [here, there] = [column.of(one), column.of(other)];
    if (here === null || there === null) return Number(here === null) - Number(there === null);
    return sign * (here - there);
  });
}

function table() {
  const columns = shownColumns();
  return make(
    "div",
    { class: "scrollable", tabindex: "0", role: "region", "aria-label": "Numbers by variant" },
    make(
      "table",
      { class: "overview" },
      make(
        "caption",
        { class: "visually-hidden" },
        "Numbers by variant; of what each video has, the median",
      ),
      make(
        "thead",
        {},
        make("tr", {}, make("th", { scope: "col" }, "Variant"), columns.map(columnHead)),
      ),
      make(
        "tbody",
        {},
        sortedVariants().map((variant) =>
          make(
            "tr",
            {},
            make("th", { scope: "row" }, variantName(variant)),
            columns.map((column) => number(column, variant)),
          ),
        ),
      ),
    ),
  );
}

/** @param {Shown} column @param {string} variant */
function number(column, variant) {
  const spread = column.spread?.(variant) ?? null;
  return make(
    "td",
    { class: "number" },
    numberText(column.of(variant)),
    spread !== null && spread > 0 && make("small", {}, ` ${numberText(spread)} apart`),
  );
}

/** @param {Shown} column */
function columnHead({ name, label, unit, meaning }) {
  const isSorted = sorting.by === name;
  const order = sorting.down ? "descending" : "ascending";
  const sort = () => {
    sorting.down = isSorted && !sorting.down;
    sorting.by = name;
    drawNumbers();
  };
  return make(
    "th",
    { scope: "col", class: "number", "aria-sort": isSorted ? order : "none" },
    button(`${label}${unit ? `, ${unit}` : ""}`, sort, {
      class: "sort",
      title: meaning,
      "data-key": `sort ${name}`,
    }),
  );
}

/** @param {number | null} value */
export const numberText = (value) =>
  value === null ? "–" : shortNumber(value).replace("-", "−");

const meanings = () =>
  make(
    "details",
    { class: "meanings" },
    make("summary", {}, "What these numbers mean, and what they do not"),
    make(
      "dl",
      {},
      [...FIGURES, ...MEASURES].map(({ label, meaning }) =>
        make("div", {}, make("dt", {}, label), make("dd", {}, meaning)),
      ),
    ),
  );

function plot() {
  /** @type {[string, string][]} */
  const numbers = [...FIGURES, ...MEASURES.filter(({ name }) => name !== "cost")]
    .filter((one, place, all) => all.findIndex(({ name }) => name === one.name) === place)
    .map(({ name, label }) => [name, label]);
  /** @type {[string, string][]} */
  const costs = [
    ["cost", "Cost"],
    ["usd_per_second", "Cost of a second"],
  ];
  const across = MEASURES.find(({ name }) => name === drawn.against);
  const up = [...FIGURES, ...MEASURES].find(({ name }) => name === drawn.by);
  return make(
    "div",
    { class: "plot" },
    make(
      "div",
      { class: "axes" },
      dropdown("Show", { id: "plot-by", "data-key": "plot by" }, numbers, drawn.by, (by) => {
        drawn.by = by;
        drawNumbers();
      }),
      dropdown("against", { id: "plot-against", "data-key": "plot against" }, costs, drawn.against, (by) => {
        drawn.against = by;
        drawNumbers();
      }),
    ),
    across && up && scatter(variantsIn(), across, up),
  );
}

// Why tasks failed or were refused, in the providers' words.
function reasons() {
  const given = figuresIn(pool).flatMap(({ variant, reasons }) =>
    reasons.map(([reason, count]) => ({ variant, reason, count })),
  );
  if (!given.length) return null;
  return make(
    "div",
    { class: "reasons" },
    make("p", { class: "soft" }, "Why there is no video"),
    make(
      "ul",
      {},
      given.map(({ variant, reason, count }) =>
        make(
          "li",
          {},
          foreign("b", variant),
          `, ${plural(count, "time")}: `,
          foreign("span", reason, { class: "clamped" }),
        ),
      ),
    ),
  );
}

function summary() {
  const votes = data.variants
    .filter(votesFor)
    .map((variant) => `${variant}: ${plural(votesFor(variant), "vote")}`);
  const rated = (data.ratings?.pools ?? []).map(
    ({ said, voters }, number) =>
      `${data.pool_titles[number]}, ${plural(voters, "voter")}: ${said[0]}`,
  );
  const lines = [data.title, ...data.summary, ...rated, ...votes].map(escapeInvisible);
  const text = lines.join("\n");
  const rows = Math.min(lines.length + 1, 14);
  const box = make("textarea", { id: "summary", readonly: true, rows, "aria-label": "Summary" });
  box.value = text;
  const copy = async () => {
    box.select();
    try {
      await navigator.clipboard.writeText(text);
      announce("Copied");
    } catch {
      announce("Selected: copy it with the keys of your system");
    }
  };
  return make(
    "div",
    { class: "paste" },
    foreign("p", "A summary to paste", { class: "soft" }),
    box,
    button("Copy", copy, { id: "copy", "data-key": "copy" }),
  );
}
