// The results, and the addresses of the files, are read once; main.js then takes them out of the
// document: while a row is blind, no variant's name may be found in it.
import { find } from "./dom.js";
import { dollars, isKnown, total } from "./text.js";

/** @import { Cell, Files, Kind, PageData, Row, ShownCell, Slot } from "./types.js" */

/** @type {PageData} */
const written = JSON.parse(find("#data").textContent);

/** @type {Map<number, Files>} By the cells' numbers. */
export const files = new Map(
  [...document.querySelectorAll("#plain a[data-cell]")].map((link) => [
    Number(link.getAttribute("data-cell")),
    {
      video: link.getAttribute("href") ?? "",
      poster: link.getAttribute("data-poster") || null,
    },
  ]),
);

// What costs nothing; while a run is under way, what is not sent yet still counts as a cost.
const UNBOUGHT = written.under_way
  ? ["cannot", "refused"]
  : ["planned", "cannot", "recorded", "refused"];

/** @param {Cell} cell */
export const isBought = ({ billed, state }) => isKnown(billed) || !UNBOUGHT.includes(state);

export const data = { ...written, cells: written.cells.map(shown) };

/** @param {Cell} cell @param {number} number @returns {ShownCell} */
function shown(cell, number) {
  const spent = Object.values(cell.timing).filter(isKnown);
  return {
    ...cell,
    number,
    kind: kindOf(cell, number),
    broken: cell.promises.filter((promise) => promise.kept === false).length,
    cost: isBought(cell) ? (cell.billed ?? cell.estimate) : 0,
    time: spent.length ? total(spent) : null,
  };
}

/** @param {Cell} cell @param {number} number @returns {Kind} */
function kindOf(cell, number) {
  if (files.has(number)) return "video";
  if (cell.state === "cannot") return "cannot";
  const downloading = cell.state === "completed" && !cell.failure && !cell.video;
  const open = ["planned", "recorded", "sending", "queued", "in_progress"].includes(cell.state);
  return downloading || open ? "unfinished" : "failed";
}

/** @type {Map<string, ShownCell>} By their ids. */
export const cellsById = new Map(data.cells.map((cell) => [cell.id, cell]));

/**
 * The address of a video. An embedded one becomes a blob when it is first seen, and its text is
 * dropped.
 * @param {Files} file
 */
export function videoAddress(file) {
  if (file.video.startsWith("data:")) {
    const comma = file.video.indexOf(",");
    const bytes = Uint8Array.from(atob(file.video.slice(comma + 1)), (byte) =>
      byte.charCodeAt(0),
    );
    const type = file.video.slice(5, comma).split(";")[0];
    file.video = URL.createObjectURL(new Blob([bytes], { type }));
  }
  return file.video;
}

export const slots = data.rows.map((_, row) =>
  data.variants.map((variant) => ({
    row,
    variant,
    takes: data.cells
      .filter((cell) => cell.row === row && cell.variant === variant)
      .sort((one, other) => one.repeat - other.repeat),
  })),
);

/** @param {Slot} slot */
export const takesWithVideo = (slot) => slot.takes.filter((cell) => cell.kind === "video");

/** @param {string} variant */
export const cellsOf = (variant) => data.cells.filter((cell) => cell.variant === variant);

/** @param {Row} row */
export const promptOf = ({ request }) => (typeof request.prompt === "string" ? request.prompt : "");

/**
 * The cell that another one's payload is compared with: the same take, or else the first, of the
 * nearest slot before it that was sent anything. The reader sorts and filters what comes before.
 * @param {ShownCell} cell
 * @param {Slot[]} before
 */
export function neighbour(cell, before) {
  const sent = before.map((slot) => slot.takes.filter((one) => one.sent !== null));
  const last = sent.findLast((takes) => takes.length);
  return last?.find((one) => one.repeat === cell.repeat) ?? last?.[0];
}

/**
 * Width and height of a row's screens: as requested, else those of the first video.
 * @param {number} row
 * @returns {[number, number]}
 */
export function aspectRatio(row) {
  const asked = /^(\d{1,4}):(\d{1,4})$/.exec(String(data.rows[row].request.aspect_ratio ?? ""));
  const film = slots[row].flatMap(takesWithVideo)[0]?.video;
  const width = asked ? Number(asked[1]) : (film?.width ?? 0);
  const height = asked ? Number(asked[2]) : (film?.height ?? 0);
  return width > 0 && height > 0 ? [width, height] : [16, 9];
}

/**
 * The total cost of cells: the sum of what is known, how many are unknown, and whether any is an
 * estimate.
 * @param {ShownCell[]} cells
 */
export function costOf(cells) {
  const asked = cells.filter((cell) => cell.kind !== "cannot");
  const costs = asked.map((cell) => cell.cost).filter(isKnown);
  return {
    asked: asked.length,
    sum: total(costs),
    unknown: asked.length - costs.length,
    estimated: asked.some(
      (cell) => isBought(cell) && isKnown(cell.cost) && !isKnown(cell.billed),
    ),
  };
}

/** @param {ReturnType<typeof costOf>} cost */
export function costText({ asked, sum, unknown }) {
  if (!asked) return "–";
  if (!unknown) return dollars(sum);
  return sum > 0 ? `≥ ${dollars(sum)}` : "unknown";
}

/** @param {string} variant */
export function meanTime(variant) {
  const times = cellsOf(variant)
    .map((cell) => cell.time)
    .filter(isKnown);
  return times.length ? total(times) / times.length : Infinity;
}
