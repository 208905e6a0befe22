// The results at a glance: how many videos, which promises were kept, the cost, the votes. While
// any row is blind, the rules of blind mode are shown instead of what would reveal the variants.
import { variantName } from "./cell.js";
import { cellsOf, costOf, costText, data, meanTime } from "./data.js";
import { dropdown, forScreenReaders, make } from "./dom.js";
import { sorted } from "./filters.js";
import { ratingsSection } from "./ratings.js";
import { pageChanged } from "./signals.js";
import { isKnown, plural, seconds, words } from "./text.js";
import { progress } from "./underway.js";
import { keepPlace } from "./view.js";
import { anyBlind, hasBlindVote, pairsOf, save, state, votableRows, votesFor } from "./votes.js";

/** @import { Promise, ShownCell } from "./types.js" */
/** @import { Reveal } from "./votes.js" */

export const summaryElement = make("section", { class: "summary", "aria-label": "Summary" });

export function drawSummary() {
  keepPlace(() => {
    const running = progress();
    const table = anyBlind() ? blindRules() : overview();
    const rated = anyBlind() ? null : ratingsSection();
    const parts = [running, figures(), table, rated];
    summaryElement.replaceChildren(...parts.filter((one) => one !== null));
  });
}

function blindRules() {
  const left = votableRows().filter((row) => !hasBlindVote(row)).length;
  /** @type {[Reveal, string][]} */
  const moments = [
    ["vote", "after each vote"],
    ["end", "at the end"],
  ];
  return make(
    "div",
    { class: "banner" },
    make(
      "p",
      {},
      make("b", {}, "Blind. "),
      "Names, payloads and measurements are hidden and each row is shuffled. ",
      `Choose the best of each row; ${plural(left, "row")} to go.`,
    ),
    dropdown("Reveal the names", { id: "reveal" }, moments, state.reveal, (reveal) => {
      state.reveal = reveal;
      save();
      pageChanged.send();
    }),
  );
}

function figures() {
  const votable = votableRows().length;
  return make(
    "dl",
    { class: "figures" },
    videoFigure(),
    !anyBlind() && [promiseFigure(), costFigure()],
    votable > 0 && figure("Votes", state.votes.size, `of ${plural(votable, "row")}`, ""),
    state.pairs.size > 0 && figure("Pairs", state.pairs.size, "judged", ""),
  );
}

function videoFigure() {
  /** @param {string} kind */
  const count = (kind) => data.cells.filter((cell) => cell.kind === kind).length;
  const others = ["cannot", "failed", "unfinished"]
    .filter(count)
    .map((kind) => `${count(kind)} ${kind}`);
  return figure("Videos", count("video"), `of ${data.cells.length}`, others.join(", "));
}

function promiseFigure() {
  const judged = data.cells.flatMap((cell) => cell.promises).filter((one) => one.kept !== null);
  const kept = judged.filter((one) => one.kept).length;
  const broken = judged.length - kept;
  const note = broken ? `${broken} broken` : "all of them";
  return judged.length > 0 && figure("Promises kept", kept, `of ${judged.length}`, note);
}

function costFigure() {
  const cost = costOf(data.cells);
  const someUnknown = cost.unknown > 0 && cost.unknown < cost.asked;
  const notes = [
    someUnknown ? `${cost.unknown} of ${cost.asked} unknown` : "",
    cost.estimated ? "partly estimated" : "",
  ];
  return figure("Cost", costText(cost), "", notes.filter(Boolean).join(", "));
}

/** @param {string} term @param {string | number} value @param {string} of @param {string} note */
function figure(term, value, of, note) {
  return make(
    "div",
    {},
    make("dt", {}, term),
    make("dd", {}, make("b", {}, value), of && ` ${of}`, note && make("small", {}, note)),
  );
}

const PROMISES = [
  "resolution",
  "aspect_ratio",
  "duration",
  "audio",
  "shots",
  "first_frame",
  "last_frame",
  "file",
];

function overview() {
  const asked = PROMISES.filter((name) =>
    data.cells.some((cell) => cell.promises.some((one) => one.name === name)),
  );
  const head = make(
    "tr",
    {},
    make("th", { scope: "col" }, "Variant"),
    make("th", { scope: "col" }, "videos"),
    asked.map((name) => make("th", { scope: "col" }, words(name))),
    ["mean time", "cost", "votes", ...(state.pairs.size ? ["pairs won"] : [])].map((name) =>
      make("th", { scope: "col", class: "number" }, name),
    ),
  );
  return make(
    "div",
    { class: "scrollable", tabindex: "0", role: "region", "aria-label": "Variants and promises" },
    make(
      "table",
      { class: "overview" },
      make("caption", { class: "visually-hidden" }, "What each variant promised and kept"),
      make("thead", {}, head),
      make(
        "tbody",
        {},
        sorted(data.variants).map((variant) => overviewRow(variant, asked)),
      ),
    ),
  );
}

/** @param {string} variant @param {string[]} asked */
function overviewRow(variant, asked) {
  const cells = cellsOf(variant);
  const made = cells.filter((cell) => cell.kind === "video").length;
  const time = meanTime(variant);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, variantName(variant)),
    make("td", { class: made < cells.length ? "incomplete" : "" }, `${made} of ${cells.length}`),
    asked.map((name) =>
      promiseTally(cells.flatMap((cell) => cell.promises).filter((one) => one.name === name)),
    ),
    make("td", { class: "number" }, time === Infinity ? "–" : seconds(time), timeSpread(cells)),
    make("td", { class: "number" }, costText(costOf(cells))),
    voteTally(variant),
    state.pairs.size > 0 && pairTally(variant),
  );
}

// Of repetitions, the shortest and the longest time.
/** @param {ShownCell[]} cells */
function timeSpread(cells) {
  const times = cells.map((cell) => cell.time).filter(isKnown);
  if (data.repeats < 2 || times.length < 2) return null;
  const range = `${seconds(Math.min(...times))} to ${seconds(Math.max(...times))}`;
  return make("small", {}, " ", range);
}

/** @param {string} variant */
function voteTally(variant) {
  const votes = votesFor(variant);
  const most = Math.max(1, ...data.variants.map(votesFor));
  const bar = make("i", { "aria-hidden": "true" });
  bar.style.setProperty("width", `${(60 * votes) / most}%`);
  return make("td", { class: "number tally" }, bar, make("span", {}, votes || "–"));
}

/** @param {string} variant */
function pairTally(variant) {
  const { judged, won } = pairsOf(variant);
  return make("td", { class: "number" }, judged ? `${won} of ${judged}` : "–");
}

/** @param {Promise[]} promises */
function promiseTally(promises) {
  const kept = promises.filter((one) => one.kept === true).length;
  const broken = promises.filter((one) => one.kept === false).length;
  if (!promises.length)
    return make(
      "td",
      { class: "not-asked" },
      forScreenReaders("not asked"),
      make("span", { "aria-hidden": "true" }, "·"),
    );
  if (!kept && !broken)
    return make("td", { class: "cannot-tell" }, "? ", forScreenReaders("cannot tell"));
  return make(
    "td",
    { class: broken ? "broken" : "kept" },
    make(
      "span",
      {},
      make("span", { "aria-hidden": "true" }, broken ? "✕ " : "✓ "),
      `${kept} of ${kept + broken}`,
      forScreenReaders(broken ? " kept, broken" : " kept"),
    ),
  );
}
