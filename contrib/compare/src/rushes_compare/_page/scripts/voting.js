// Voting, by button or key.
import { takesWithVideo } from "./data.js";
import { announce } from "./dom.js";
import { shownSlots } from "./filters.js";
import { pageChanged, rowChanged } from "./signals.js";
import { anyBlind, hasBlindVote, isBlind, removeVote, setVote, state } from "./votes.js";

/**
 * The name of a slot in a blind row: Video A, Video B, …
 * @param {number} number
 */
export function blindName(number) {
  const letter = String.fromCodePoint(65 + (number % 26));
  return `Video ${letter}${number < 26 ? "" : Math.floor(number / 26)}`;
}

/**
 * Vote for the slot with this number in its row; null is for "none of them".
 * @param {number} row
 * @param {number | null} number
 */
export function castVote(row, number) {
  const slot = number === null ? null : shownSlots(row)[number];
  if (slot === undefined || (slot && !takesWithVideo(slot).length)) return;
  if (hasBlindVote(row)) {
    announce(`Row ${row + 1} has a blind vote; press u to undo it`);
    return;
  }
  const wasBlind = anyBlind();
  setVote(row, slot?.variant ?? null);
  const name = number !== null && isBlind(row) ? blindName(number) : slot?.variant;
  announce(`Row ${row + 1}: ${slot ? `${name} is best` : "none of them"}`);
  if (wasBlind) pageChanged.send();
  else rowChanged.send(row);
}

/** @param {number} row */
export function undoVote(row) {
  if (!state.votes.has(row)) return;
  removeVote(row);
  announce(`Row ${row + 1}: vote undone`);
  pageChanged.send();
}
