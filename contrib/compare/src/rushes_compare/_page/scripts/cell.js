// One slot of the table: a variant's name, its vote, and its takes side by side, each a screen or a
// placeholder.
import { data, files, neighbour, takesWithVideo } from "./data.js";
import { forScreenReaders, make } from "./dom.js";
import { facts } from "./facts.js";
import { screenOf } from "./screen.js";
import { isKnown, words } from "./text.js";
import { hasBlindVote, shownVote, state } from "./votes.js";
import { blindName, castVote } from "./voting.js";

/** @import { Kind, ShownCell, Slot } from "./types.js" */

/** @param {string} variant */
export function variantName(variant) {
  const [, provider, model] = /^([^/]*)\/(.*)$/s.exec(variant) ?? [null, "", variant];
  return [
    provider && [
      make("bdi", { class: "provider" }, provider),
      make("span", { class: "slash" }, "/"),
    ],
    make("bdi", { class: "model" }, model),
  ];
}

/**
 * The takes that are shown: in a blind row only those with a video.
 * @param {Slot} slot
 * @param {boolean} blind
 */
export const shownTakes = (slot, blind) => (blind ? takesWithVideo(slot) : slot.takes);

/**
 * @param {Slot} slot
 * @param {number} number its place in the row
 * @param {boolean} blind
 * @param {Slot[]} before the slots before it
 */
export function card(slot, number, blind, before) {
  const takes = shownTakes(slot, blind);
  const votable = takesWithVideo(slot).length > 0;
  const label = blind ? blindName(number) : slot.variant;
  const won = state.votes.get(slot.row)?.variant === slot.variant && !blind;
  const kind = votable ? "video" : takes[0]?.kind;
  return make(
    "article",
    { class: `slot ${kind}${won ? " won" : ""}`, "aria-label": label },
    make(
      "div",
      { class: "title" },
      make(
        "h3",
        {},
        blind ? label : variantName(slot.variant),
        won &&
          make("span", { class: "best", title: "your pick" }, "★", forScreenReaders(" your pick")),
      ),
      votable && voteButton(slot, number, blind),
    ),
    make(
      "div",
      { class: "takes" },
      takes.map((cell, place) =>
        make(
          "div",
          { class: `take ${cell.kind}` },
          cell.kind === "video" ? screenOf(cell).frame : placeholder(cell),
          takes.length > 1 && make("p", { class: "take-name" }, `take ${place + 1}`),
          !blind && facts(cell, neighbour(cell, before)),
        ),
      ),
    ),
  );
}

/** @param {Slot} slot @param {number} number @param {boolean} blind */
function voteButton(slot, number, blind) {
  const label = blind ? blindName(number) : slot.variant;
  return make(
    "button",
    {
      type: "button",
      class: "vote",
      "aria-pressed": shownVote(slot.row, blind)?.variant === slot.variant,
      "aria-disabled": hasBlindVote(slot.row) ? "true" : null,
      "data-key": `vote ${slot.row} ${number}`,
      onclick: () => castVote(slot.row, number),
    },
    "Best",
    forScreenReaders(`: ${label}`),
    number < 9 && make("kbd", { "aria-hidden": "true" }, number + 1),
  );
}

/** @type {Record<Kind, string>} */
const HEADINGS = {
  video: "",
  cannot: "Cannot do this",
  failed: "No video",
  unfinished: data.under_way ? "Under way" : "Not finished",
};

// The placeholder for a missing video.
/** @param {ShownCell} cell */
const placeholder = (cell) =>
  make(
    "div",
    { class: "placeholder" },
    make("strong", {}, HEADINGS[cell.kind]),
    make("span", {}, whyBlank(cell)),
  );

/** @param {ShownCell} cell */
function whyBlank(cell) {
  if (cell.video && !files.has(cell.number)) return "its file is missing";
  if (cell.kind === "cannot") return "nothing was sent";
  const progress =
    cell.kind === "unfinished" && isKnown(cell.progress) ? `, ${Math.round(cell.progress)} %` : "";
  const fetching = data.under_way && cell.state === "completed" ? ", being fetched" : "";
  return words(cell.state) + fetching + progress;
}
