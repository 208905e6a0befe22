// The rows of the table: each has a head with its prompt and its votes, and its slots.
import { card, shownTakes } from "./cell.js";
import { aspectRatio, data, promptOf, slots, takesWithVideo } from "./data.js";
import { foreign, make } from "./dom.js";
import { rowMatches, shownSlots } from "./filters.js";
import { playhead } from "./playhead.js";
import { dropDetachedScreens } from "./screen.js";
import { escapeInvisible, isKnown, seconds, words } from "./text.js";
import { expandedRows, followView, keepPlace, markLeadingRow } from "./view.js";
import { rowElement, rowsElement, selectRow, showRestButtons, shownRows } from "./view.js";
import { anyBlind, hasBlindVote, isBlind, shownVote, state } from "./votes.js";
import { castVote, undoVote } from "./voting.js";

/** @import { ShownCell, Slot } from "./types.js" */

/** Shown instead of the rows if none matches the filters. */
export const nothingFound = make(
  "p",
  { class: "no-matches", hidden: true },
  "Nothing matches these filters.",
);

export function drawRows() {
  keepPlace(() => {
    rowsElement.replaceChildren(...data.rows.map((_, row) => makeRow(row)));
    showRestButtons();
  });
  nothingFound.hidden = shownRows().length > 0;
  dropDetachedScreens();
  markLeadingRow();
  followView();
}

/** @param {number} row */
export function redrawRow(row) {
  keepPlace(() => {
    rowElement(row)?.replaceWith(makeRow(row));
    showRestButtons();
  });
  selectRow(playhead.row);
  dropDetachedScreens();
}

/** @param {number} row */
function makeRow(row) {
  const blind = isBlind(row);
  const list = shownSlots(row);
  const section = make("section", {
    class: `row${blind ? " blind" : ""}`,
    id: `row-${row}`,
    "aria-labelledby": `row-${row}-prompt`,
    tabindex: "-1",
    hidden: (list.length === 0 && !blind) || (anyBlind() && !rowMatches(row)),
  });
  const grid = make(
    "div",
    { class: "slots" },
    list.map((slot, number) => card(slot, number, blind, list.slice(0, number))),
  );
  layOut(grid, row);
  section.append(rowHead(row, list), grid);
  section.addEventListener("pointerdown", () => selectRow(row));
  section.addEventListener("focusin", () => selectRow(row));
  return section;
}

/** @param {number} row @param {Slot[]} list */
function rowHead(row, list) {
  const { name } = data.rows[row];
  const expanded = expandedRows.has(row);
  return make(
    "header",
    { class: `row-head${expanded ? " expanded" : ""}` },
    make(
      "div",
      {},
      settings(row),
      foreign("h2", promptOf(data.rows[row]) || name, {
        id: `row-${row}-prompt`,
        class: "clamped",
      }),
      !anyBlind() && unevenSettings(row),
      make(
        "button",
        {
          type: "button",
          class: "quiet expand",
          "aria-expanded": expanded,
          "data-key": `rest ${row}`,
          onclick: () => {
            if (!expandedRows.delete(row)) expandedRows.add(row);
            redrawRow(row);
          },
        },
        expanded ? "Show less" : "Show all",
      ),
    ),
    list.some((slot) => takesWithVideo(slot).length) && ballot(row),
  );
}

/** @param {number} row */
function settings(row) {
  const { name, request } = data.rows[row];
  const given = Object.entries(request).filter(
    ([field, value]) => field !== "prompt" && isKnown(value),
  );
  return make(
    "ul",
    { class: "eyebrow settings" },
    make(
      "li",
      { class: "clamped" },
      `Row ${row + 1}`,
      name !== String(row + 1) && [" · ", make("bdi", {}, escapeInvisible(name))],
    ),
    given.map(([field, value]) =>
      make(
        "li",
        { dir: "auto", class: "clamped" },
        make("span", {}, words(field)),
        " ",
        escapeInvisible(typeof value === "string" ? value : JSON.stringify(value)),
      ),
    ),
  );
}

/** @type {(keyof ShownCell["settings"])[]} */
const SETTINGS = ["duration", "aspect_ratio", "resolution", "audio", "seed"];

// Names the settings that are not the same for all variants of a row.
/** @param {number} row */
function unevenSettings(row) {
  const cells = slots[row].flatMap((slot) => slot.takes.slice(0, 1));
  const able = cells.filter((cell) => cell.kind !== "cannot");
  const uneven = SETTINGS.flatMap((name) => {
    /** @type {Map<string, string[]>} */
    const byValue = new Map();
    for (const cell of able) {
      const value = settingText(name, cell.settings[name]);
      byValue.set(value, [...(byValue.get(value) ?? []), cell.variant]);
    }
    return byValue.size > 1 ? [{ name, byValue }] : [];
  });
  if (!uneven.length) return null;
  const texts = uneven.map(({ name, byValue }) => {
    const values = [...byValue].map(([value, variants]) => `${value}: ${variants.join(", ")}`);
    return make("li", { dir: "auto" }, escapeInvisible(`${words(name)} (${values.join("; ")})`));
  });
  return make(
    "div",
    { class: "uneven" },
    make("b", {}, "Not the same for all: "),
    make("ul", {}, texts),
  );
}

/** @param {keyof ShownCell["settings"]} name @param {unknown} value */
function settingText(name, value) {
  if (!isKnown(value)) return "the provider's choice";
  if (name === "audio") return value ? "with sound" : "without sound";
  return name === "duration" ? seconds(Number(value)) : String(value);
}

/** @param {number} row */
function ballot(row) {
  const vote = shownVote(row, isBlind(row));
  return make(
    "div",
    { class: "ballot" },
    make("span", { class: "soft" }, voteText(row)),
    make(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-pressed": vote?.variant === null,
        "aria-disabled": hasBlindVote(row) ? "true" : null,
        "data-key": `none ${row}`,
        onclick: () => castVote(row, null),
      },
      "None ",
      make("kbd", { "aria-hidden": "true" }, "0"),
    ),
    vote &&
      make(
        "button",
        { type: "button", class: "quiet", "data-key": `undo ${row}`, onclick: () => undoVote(row) },
        "Undo ",
        make("kbd", { "aria-hidden": "true" }, "u"),
      ),
  );
}

/** @param {number} row */
function voteText(row) {
  const blind = isBlind(row);
  const vote = shownVote(row, blind);
  if (!vote) return "Which is best?";
  if (state.blind && blind) return "Voted; revealed at the end";
  return vote.variant === null ? "You picked none" : "You picked one";
}

// A row is made to fit the window if possible: the fewest lines, the same number of slots in each
// (eight become four and four, not six and two), and smaller pictures if they would be too high.
// All in pixels.
const GAP = 20;
const TEXT_HEIGHT = 165; // above and below a picture
const HEAD_HEIGHT = 170; // what a row's head and the transport bar take from the window
// The minimum width of a slot and of a take, for wide pictures and for tall ones.
const MIN_WIDTHS = { wide: { slot: 270, take: 200 }, tall: { slot: 220, take: 160 } };

/** @param {HTMLElement} grid @param {number} row */
function layOut(grid, row) {
  const list = shownSlots(row);
  const [width, height] = aspectRatio(row);
  const least = MIN_WIDTHS[width < height ? "tall" : "wide"];
  const available = rowsElement.clientWidth + GAP;
  const most = Math.max(1, ...list.map((slot) => shownTakes(slot, isBlind(row)).length));
  const takes = balanced(most, howMany(available, least.take));
  const side = howMany(available, takes > 1 ? takes * least.take : least.slot);
  /** @param {number} columns */
  const rowHeight = (columns) => {
    const picture = ((available / columns - GAP) / takes) * (height / width);
    return Math.ceil(list.length / columns) * Math.ceil(most / takes) * (picture + TEXT_HEIGHT);
  };
  // A single slot is not made as wide as the window.
  let columns = Math.max(balanced(list.length, side), takes > 1 ? 1 : Math.min(side, 2));
  while (columns < side && rowHeight(columns) > innerHeight - HEAD_HEIGHT) columns += 1;
  grid.style.setProperty("--columns", String(columns));
  grid.style.setProperty("--takes", String(takes));
  grid.style.setProperty("--ratio", `${width} / ${height}`);
}

/** @param {number} available @param {number} size */
const howMany = (available, size) => Math.max(1, Math.floor(available / size));

/**
 * How many to put on each line, so that all lines but the last are equally full.
 * @param {number} count
 * @param {number} most
 */
const balanced = (count, most) => Math.ceil(count / Math.ceil(count / most)) || 1;

export function layOutOnResize() {
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return;
    width = innerWidth;
    for (const row of data.rows.keys()) {
      const grid = rowElement(row)?.querySelector(".slots");
      if (grid instanceof HTMLElement) layOut(grid, row);
    }
    showRestButtons();
    followView();
  });
}
