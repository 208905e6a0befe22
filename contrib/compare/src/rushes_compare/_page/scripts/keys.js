// The keys. They are listed for the reader in dialogs.js.
import { confirmDialog, helpDialog, toggleHelp } from "./dialogs.js";
import { announce, find, findAll } from "./dom.js";
import { openSections } from "./facts.js";
import { startPairs, toggleBlind } from "./header.js";
import { pairsDialog, pairsKey } from "./pairs.js";
import { playhead } from "./playhead.js";
import { redrawRow } from "./rows.js";
import { toggleFullscreen } from "./screen.js";
import { bringIntoView, followView, rowElement, targetScreen, toggleSound, walk } from "./view.js";
import { castVote, undoVote } from "./voting.js";

/** @type {Record<string, () => unknown>} */
const KEYS = {
  " ": () => {
    if (playhead.scope === "row" && !document.fullscreenElement) bringIntoView();
    playhead.toggle();
  },
  ArrowLeft: () => playhead.seek(playhead.now() - 1),
  ArrowRight: () => playhead.seek(playhead.now() + 1),
  ",": () => playhead.stepFrames(-1),
  ".": () => playhead.stepFrames(1),
  ArrowUp: () => walk(-1),
  ArrowDown: () => walk(1),
  0: () => whereSeen((row) => castVote(row, null)),
  u: () => whereSeen(undoVote),
  b: toggleBlind,
  p: startPairs,
  m: toggleSound,
  d: toggleSections,
  f: () => toggleFullscreen(targetScreen()),
  "?": toggleHelp,
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => [
      digit,
      () => whereSeen((row) => castVote(row, digit - 1)),
    ]),
  ),
};

const REPEATING = ["ArrowLeft", "ArrowRight", ",", "."]; // these repeat while they are held
const IN_FULL_SCREEN = [" ", "m", "f", ...REPEATING];

/**
 * Vote in the leading row if the reader sees it; otherwise the key only brings it into view.
 * @param {(row: number) => void} act
 */
function whereSeen(act) {
  if (rowElement(playhead.row)?.hidden !== false) return; // no row matches the filters
  if (bringIntoView()) act(playhead.row);
  else announce(`Row ${playhead.row + 1}: press again`);
}

function toggleSections() {
  const all = ["sent", "measured", "notes"].map((kind) => `${playhead.row} ${kind}`);
  const open = all.every((key) => openSections.has(key));
  for (const key of all)
    if (open) openSections.delete(key);
    else openSections.add(key);
  redrawRow(playhead.row);
}

function closeMenus() {
  for (const menu of findAll(".menu[open]")) {
    menu.removeAttribute("open");
    find("summary", menu).focus();
  }
}

// Text fields, buttons, sliders and scrolling boxes keep their own keys.
/** @param {Element} target @param {string} key */
function hasOwnUse(target, key) {
  if (target.closest("input[type=search], select")) return true;
  if (key === " ") return target.closest("button, summary, a, input[type=checkbox]") !== null;
  if (key.startsWith("Arrow"))
    return target.closest(".code, .scrollable, input[type=checkbox]") !== null;
  return false;
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key === "Escape") closeMenus();
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (pairsDialog.open) return pairsKey(event);
    if (!Object.hasOwn(KEYS, key)) return;
    if (confirmDialog.open || (helpDialog.open && key !== "?")) return;
    if (document.fullscreenElement && !IN_FULL_SCREEN.includes(key)) return;
    if (target instanceof Element && hasOwnUse(target, key)) return;
    event.preventDefault();
    if (event.repeat && !REPEATING.includes(key)) return;
    if (!document.fullscreenElement) followView(); // the row in view may not be the leading one yet
    KEYS[key]();
  });
}
