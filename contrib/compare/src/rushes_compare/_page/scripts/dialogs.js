// The list of keys, and the question before something is lost for good.
import { button, make } from "./dom.js";

const KEYS = [
  ["Space", "play, pause"],
  ["← →", "one second back, forward"],
  [", .", "one frame back, forward"],
  ["↑ ↓", "previous row, next row"],
  ["1 – 9", "vote for the best in the row"],
  ["0", "vote for none of them"],
  ["u", "undo the vote"],
  ["b", "blind mode on, off"],
  ["p", "pairs: choose between two videos (← → ↑ ↓)"],
  ["m", "sound on, off"],
  ["f", "full screen on, off"],
  ["d", "show, hide what was sent and measured"],
  ["?", "this help"],
];

/** @type {HTMLDialogElement} */
export const helpDialog = make(
  "dialog",
  { id: "help", "aria-label": "Keys" },
  make("h2", {}, "Keys"),
  make(
    "dl",
    {},
    KEYS.map(([key, effect]) =>
      make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, effect)),
    ),
  ),
  button("Close", () => helpDialog.close(), { class: "primary" }),
);

export function toggleHelp() {
  if (helpDialog.open) helpDialog.close();
  else helpDialog.showModal();
}

export const confirmDialog = make("dialog", { id: "ask" });

/**
 * Act only once the reader has confirmed it.
 * @param {string} question
 * @param {string} yes the button's label
 * @param {() => void} act
 */
export function confirm(question, yes, act) {
  const confirmed = () => {
    confirmDialog.close();
    act();
  };
  confirmDialog.replaceChildren(
    make("p", {}, question),
    make(
      "div",
      { class: "answers" },
      button("Cancel", () => confirmDialog.close(), { class: "quiet" }),
      button(yes, confirmed, { class: "primary" }),
    ),
  );
  confirmDialog.showModal();
}
