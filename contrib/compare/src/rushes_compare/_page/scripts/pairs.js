// Pairs of rivals, one after the other, with nothing on the screen but the two videos.
import { cellsById, data, promptOf, slots, takesWithVideo } from "./data.js";
import { button, foreign, make } from "./dom.js";
import { CANNOT_PLAY, Player } from "./player.js";
import { playhead } from "./playhead.js";
import { pageChanged } from "./signals.js";
import { plural } from "./text.js";
import { Playhead } from "./together.js";
import { download } from "./tools.js";
import { pairKey, removePairVote, setPairVote, shuffled, state } from "./votes.js";

/** @import { Choice, Pair, PairVote, ShownCell } from "./types.js" */

/** @type {Pair[]} Those to be judged next, the first one last. */
let queue = [];
/** @type {Pair | undefined} The one on the screen. */
let current;
/** @type {{ pair: Pair, sides: Side[] } | undefined} The next pair, which loads meanwhile. */
let ahead;
/** @type {PairVote[]} What was judged since the pairs were opened. */
let judged = [];
/** How many pairs were passed over, since the browser cannot play one of the two. */
let skipped = 0;
/** @type {SideName | null} The side whose sound is on. */
let audible = null;
/** @type {Side[]} The two on the screen. */
let onStage = [];

export const pairPlayhead = new Playhead(() => onStage);

// Rivals are in one row and one pool; of takes, the first meets the first.
/** @returns {[ShownCell, ShownCell][]} */
export function allPairs() {
  return slots.flatMap((row) => {
    const cells = row.flatMap(takesWithVideo);
    return cells.flatMap((one, place) =>
      cells
        .slice(place + 1)
        .filter((other) => one.variant !== other.variant && one.pool === other.pool)
        .filter((other) => one.repeat === other.repeat)
        .map((other) => /** @type {[ShownCell, ShownCell]} */ ([one, other])),
    );
  });
}

const place = make("p", { class: "eyebrow", role: "status" });
const prompt = make("div", { class: "pair-prompt" });
const stage = make("div", { class: "stage" });

/** @type {[Choice, string, string, string][]} */
const CHOICES = [
  ["left", "←", "Left", "ArrowLeft"],
  ["both_bad", "↑", "Both bad", "ArrowUp"],
  ["tie", "↓", "Tie", "ArrowDown"],
  ["right", "→", "Right", "ArrowRight"],
];

// What the sides are called where one video is above the other.
/** @type {Record<string, string>} */
const STACKED = { left: "Upper", right: "Lower" };

const choices = make(
  "div",
  { class: "choices", role: "group", "aria-label": "Which is better?" },
  CHOICES.map(([choice, sign, label, key]) =>
    make(
      "button",
      {
        type: "button",
        class: "choice",
        "data-choice": choice,
        "aria-keyshortcuts": key,
        onclick: () => judge(choice),
      },
      Object.hasOwn(STACKED, choice)
        ? [make("span", { class: "beside" }, label), make("span", { class: "stacked" }, STACKED[choice])]
        : label,
      make("kbd", { "aria-hidden": "true" }, sign),
    ),
  ),
);

const skipButton = button("Skip", skip, { class: "quiet", "aria-keyshortcuts": "s" });
const undoButton = button("Undo", undo, { class: "quiet", "aria-keyshortcuts": "u" });
const pauseButton = button("Pause", () => pairPlayhead.toggle(), { class: "quiet", "aria-keyshortcuts": "Space" });
const soundButton = button("Sound: off", turnSound, { class: "quiet", "aria-keyshortcuts": "m" });

const arena = make(
  "div",
  { class: "arena" },
  make(
    "header",
    { class: "pair-head" },
    make("div", {}, place, prompt),
    make(
      "div",
      { class: "pair-tools" },
      skipButton,
      undoButton,
      pauseButton,
      soundButton,
      button("Close", () => pairsDialog.close(), { class: "quiet" }),
    ),
  ),
  stage,
  choices,
);

/** @type {HTMLDialogElement} */
export const pairsDialog = make(
  "dialog",
  { id: "pairs", "aria-label": "Pairs", onclose: leave },
  arena,
);

export function openPairs() {
  playhead.pause();
  playhead.setAudible(null);
  judged = [];
  skipped = 0;
  audible = null;
  const open = allPairs().filter(([one, other]) => !state.pairs.has(pairKey(one.id, other.id)));
  queue = shuffled(open).map(([one, other]) => {
    const [left, right] = shuffled([one, other]);
    return { left, right };
  });
  pairsDialog.showModal();
  // A browser may not allow it; the pairs fill the window then.
  arena.requestFullscreen?.().catch(() => {});
  next();
}

function leave() {
  if (document.fullscreenElement) void document.exitFullscreen();
  clearStage();
  ahead?.sides.forEach((one) => one.unload());
  ahead = undefined;
  pageChanged.send();
}

function next() {
  current = queue.pop();
  show();
}

// Whether one of the two cannot be seen: nobody can judge it then.
const isBlank = () => onStage.some((side) => side.failed);

function skip() {
  if (!isBlank()) return;
  skipped += 1;
  next();
}

/** @param {Choice} choice */
function judge(choice) {
  if (!current || isBlank()) return;
  const { left, right } = current;
  const at = Date.now() / 1000;
  const vote = { row: left.row, left: left.id, right: right.id, choice, at };
  setPairVote(vote);
  judged.push(vote);
  next();
}

// Shows the last pair again, on the same sides.
function undo() {
  const vote = judged.pop();
  if (!vote) return;
  removePairVote(vote);
  if (current) queue.push(current);
  const [left, right] = [cellsById.get(vote.left), cellsById.get(vote.right)];
  current = left && right ? { left, right } : undefined;
  show();
}

function show() {
  clearStage();
  undoButton.toggleAttribute("disabled", judged.length === 0);
  for (const one of [pauseButton, soundButton]) one.toggleAttribute("disabled", !current);
  if (!current) return showEnd();
  const row = data.rows[current.left.row];
  const all = judged.length + queue.length + 1;
  place.textContent = `Pair ${judged.length + 1} of ${all}`;
  prompt.replaceChildren(foreign("h2", promptOf(row) || row.name, { class: "clamped" }));
  if (ahead?.pair === current) onStage = ahead.sides;
  else {
    ahead?.sides.forEach((one) => one.unload());
    onStage = sidesOf(current);
  }
  stage.replaceChildren(...onStage.map((one) => one.element));
  showChoices();
  pairPlayhead.seek(0);
  void pairPlayhead.play();
  showSound();
  const next = queue.at(-1);
  ahead = next && { pair: next, sides: sidesOf(next) };
}

function showChoices() {
  for (const one of choices.children) one.toggleAttribute("disabled", !current || isBlank());
  skipButton.hidden = !isBlank();
}

function showEnd() {
  showChoices();
  place.textContent = plural(state.pairs.size, "pair") + " judged";
  prompt.replaceChildren(make("h2", {}, skipped ? "Every pair that this browser can play is judged." : "Every pair is judged."));
  stage.replaceChildren(
    make(
      "div",
      { class: "pairs-end" },
      make("p", {}, "Export your votes; “rushes votes merge” adds up those of several people."),
      button("Export", download, { class: "primary" }),
    ),
  );
}

/** @typedef {"left" | "right"} SideName */

const NAMES = { left: "First", right: "Second" };

class Side extends Player {
  /** @param {SideName} name @param {ShownCell} cell */
  constructor(name, cell) {
    super(cell);
    this.name = name;
    this.failed = false;
    const video = this.open({ "aria-label": `${NAMES[name]} video` });
    const note = make("p", { class: "note" });
    this.element = make("figure", { class: "side", "data-side": name }, video, note);
    video.addEventListener("error", () => {
      this.failed = true;
      note.textContent = CANNOT_PLAY;
      if (onStage.includes(this)) showChoices();
    });
  }
}

/** @param {Pair} pair */
const sidesOf = ({ left, right }) => [new Side("left", left), new Side("right", right)];

export function showPairPlays() {
  const playing = pairPlayhead.playing || pairPlayhead.starting > 0;
  const text = playing ? "Pause" : "Play";
  if (pauseButton.textContent !== text) pauseButton.textContent = text;
}

function turnSound() {
  audible = audible === null ? "left" : audible === "left" ? "right" : null;
  showSound();
}

function showSound() {
  soundButton.textContent = `Sound: ${audible ? NAMES[audible].toLowerCase() : "off"}`;
  for (const { name, video } of onStage) if (video) video.muted = name !== audible;
}

function clearStage() {
  pairPlayhead.pause();
  onStage.forEach((one) => one.unload());
  onStage = [];
  stage.replaceChildren();
}

/** @type {Record<string, () => void>} */
const KEYS = {
  ...Object.fromEntries(CHOICES.map(([choice, , , key]) => [key, () => judge(choice)])),
  s: skip,
  u: undo,
  " ": () => pairPlayhead.toggle(),
  m: turnSound,
};

// What a key does while the pairs are open.
/** @param {KeyboardEvent} event */
export function pairsKey(event) {
  if (!Object.hasOwn(KEYS, event.key)) return;
  if (event.key === " " && event.target instanceof HTMLButtonElement) return;
  event.preventDefault();
  if (!event.repeat) KEYS[event.key]();
}
