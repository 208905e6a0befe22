// The playhead of the page's rows: the bar at the bottom and the keys move it.
import { data } from "./data.js";
import { Playhead } from "./together.js";

/** @import { Screen } from "./screen.js" */
/** @import { ShownCell } from "./types.js" */

/** @type {Map<number, Screen>} The screens that were made, by their cells' numbers. */
export const screens = new Map();

/** @type {WeakMap<Element, Screen>} By their elements. */
export const screenOfFrame = new WeakMap();

/** @typedef {"row" | "all"} Scope */

/** @extends {Playhead<Screen>} */
class RowsPlayhead extends Playhead {
  /** @type {Scope} */
  scope = data.rows.length > 1 ? "row" : "all";
  row = 0;
  /** @type {ShownCell | null} The one whose sound is on. */
  audible = null;

  constructor() {
    super(() => {
      const within = this.scope === "all" ? document : document.getElementById(`row-${this.row}`);
      const frames = within ? [...within.querySelectorAll(".screen")] : [];
      return frames.flatMap((frame) => screenOfFrame.get(frame) ?? []);
    });
  }

  // The length of one frame, in seconds.
  frameLength() {
    const rates = this.followers()
      .map((screen) => screen.film.frame_rate ?? 0)
      .filter((rate) => rate > 0);
    return 1 / (rates.length ? Math.max(...rates) : 24);
  }

  // Steps to the middle of a frame: its edge may round to either side.
  /** @param {number} count */
  stepFrames(count) {
    this.pause();
    const number = Math.floor(this.now() / this.frameLength() + 1e-4);
    this.seek((number + count + 0.5) * this.frameLength());
  }

  // Rows that it no longer leads stop; the new ones continue from the same position.
  /** @param {number} row */
  lead(row, scope = this.scope) {
    const [time, playing] = [this.now(), this.playing || this.starting > 0];
    this.pause();
    this.row = row;
    this.scope = scope;
    this.seek(time);
    if (playing) void this.play();
  }

  /** @param {ShownCell | null} cell */
  setAudible(cell) {
    this.audible = cell;
    for (const screen of screens.values()) screen.setAudible(screen.cell === cell);
    this.changed.send();
  }
}

export const playhead = new RowsPlayhead();
