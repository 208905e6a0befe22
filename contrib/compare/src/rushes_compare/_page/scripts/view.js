// The leading row is always a visible one: keys play and vote where the reader looks. It keeps the
// lead while half of it is visible, or it fills half of the window; then the most visible row takes
// over.
import { data } from "./data.js";
import { find, findAll, make } from "./dom.js";
import { playhead, screenOfFrame, screens } from "./playhead.js";

export const rowsElement = make("main", { id: "rows" });

/** @param {number} row */
export const rowElement = (row) => document.getElementById(`row-${row}`);

/** @param {HTMLElement} section */
const numberOf = (section) => Number(section.id.slice(4));

const sections = () => findAll(":scope > section", rowsElement);

/** The numbers of the rows that are not filtered out. */
export const shownRows = () =>
  sections()
    .filter((section) => !section.hidden)
    .map(numberOf);

// Where the transport bar begins.
const bottomOfView = () => find(".transport").getBoundingClientRect().top;

/** @param {Element | null} element */
function visibleHeight(element) {
  if (!element) return 0;
  const { top, bottom } = element.getBoundingClientRect();
  return Math.max(0, Math.min(bottom, bottomOfView()) - Math.max(top, 0));
}

// Makes the row that the reader looks at the leading one.
export function followView() {
  const rows = shownRows();
  const leading = rowElement(playhead.row);
  const isShown = leading !== null && rows.includes(playhead.row);
  const half = leading ? Math.min(leading.getBoundingClientRect().height, bottomOfView()) / 2 : 0;
  if (isShown && visibleHeight(leading) >= half) return;
  const heights = rows.map((row) => visibleHeight(rowElement(row)));
  const most = Math.max(...heights);
  const next = rows[heights.indexOf(most)];
  if (next === undefined || next === playhead.row || (most === 0 && isShown)) return;
  // The focused element is out of view: a key must not press it there.
  const { activeElement } = document;
  if (activeElement instanceof HTMLElement && leading?.contains(activeElement))
    activeElement.blur();
  selectRow(next);
}

export function followScrolling() {
  let following = false;
  const follow = () => {
    if (following) return;
    following = true;
    requestAnimationFrame(() => {
      following = false;
      followView();
    });
  };
  addEventListener("scroll", follow, { passive: true });
}

/** @param {number} row */
export function selectRow(row) {
  if (row !== playhead.row) playhead.lead(row);
  markLeadingRow();
}

// Marks the leading row: keys vote in it, even while all rows play.
export function markLeadingRow() {
  const several = data.rows.length > 1;
  for (const section of sections()) {
    section.classList.toggle("leading", several && numberOf(section) === playhead.row);
  }
  playhead.changed.send();
}

/** @param {number} by how many rows further down */
export function walk(by) {
  const rows = shownRows();
  const place = rows.indexOf(playhead.row) + by;
  const next = rows[Math.max(0, Math.min(rows.length - 1, place))];
  if (next === undefined) return;
  selectRow(next);
  rowElement(next)?.scrollIntoView({ block: "start" });
}

// Brings the leading row into view and returns whether it was there already.
export function bringIntoView() {
  const leading = rowElement(playhead.row);
  if (!leading || leading.hidden) return false;
  if (visibleHeight(leading.querySelector(".slots")) >= 40) return true;
  leading.scrollIntoView({ block: "start" });
  return false;
}

/** @type {Set<number>} Rows whose texts are shown in full. */
export const expandedRows = new Set();

// A truncated text has a button that shows the rest.
export function showRestButtons() {
  const heads = findAll(".row-head", rowsElement);
  const clamped = heads.map((head) =>
    findAll(".clamped", head).some((text) => text.scrollHeight > text.clientHeight + 1),
  );
  heads.forEach((head, number) => {
    find(".expand", head).hidden = !clamped[number] && !head.classList.contains("expanded");
  });
}

// The video that a key is for: the one under the pointer, else the one that has the focus or whose
// sound is on, else the first.
export function targetScreen() {
  const pointed = document.fullscreenElement ?? document.querySelector(".screen:hover");
  const focused = document.activeElement?.closest(".take")?.querySelector(".screen");
  const audible = playhead.audible && screens.get(playhead.audible.number)?.frame;
  const first = rowElement(playhead.row)?.querySelector(".screen");
  const frame = pointed ?? focused ?? audible ?? first;
  return frame && screenOfFrame.get(frame);
}

// Turns the sound off, or on for the first video of the leading row.
export function toggleSound() {
  const first = rowElement(playhead.row)?.querySelector(".screen");
  const screen = first && screenOfFrame.get(first);
  playhead.setAudible(playhead.audible || !screen ? null : screen.cell);
}

/**
 * Change the page without disturbing the reader: the focus is restored (the elements are new, their
 * keys are not), and the leading row stays where it was on the screen.
 * @param {() => void} change
 */
export function keepPlace(change) {
  const { activeElement } = document;
  const key = activeElement instanceof HTMLElement ? activeElement.dataset.key : undefined;
  const top = () => rowElement(playhead.row)?.getBoundingClientRect().top;
  const before = top(); // undefined when the page is drawn for the first time
  change();
  if (before !== undefined && before < innerHeight) {
    scrollBy({ top: (top() ?? before) - before, behavior: "instant" });
  }
  const again = key && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}
