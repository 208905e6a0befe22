// One playhead leads all videos that play together. It runs on a clock of its own, and is set to
// where the middle one of them is: players take their time to start, and then nobody has to jump.
// A video that is off by more than LOOSE plays a little faster or slower until it is within TIGHT; one
// that is far off jumps, at most once a second, because each jump costs decoding.
import { data } from "./data.js";
import { signal } from "./signals.js";

/** @import { Screen } from "./screen.js" */
/** @import { ShownCell } from "./types.js" */

// Seconds.
const LOOSE = 0.01;
const TIGHT = 0.003;
const LATE = 0.08;
const JUMP = 0.25;
// How much faster or slower a video may play, and how much it does for each second that it is off.
const MOST_FASTER = 0.25;
const FASTER = 3;

/** @type {Map<number, Screen>} The screens that were made, by their cells' numbers. */
export const screens = new Map();

/** @type {WeakMap<Element, Screen>} By their elements. */
export const screenOfFrame = new WeakMap();

/** @typedef {"row" | "all"} Scope */
/** @typedef {{ screen: Screen, video: HTMLVideoElement }} Loaded */

class Playhead {
  playing = false;
  /** The number of the start that is under way; 0 for none. */
  starting = 0;
  starts = 0;
  rate = 1;
  /** @type {Scope} */
  scope = data.rows.length > 1 ? "row" : "all";
  row = 0;
  /** @type {ShownCell | null} The one whose sound is on. */
  audible = null;
  /** Seconds, at the moment `since`. */
  at = 0;
  since = 0;
  checked = 0;
  /** Sent when anything of the above has changed, and for each frame while it plays. */
  changed = signal();

  now() {
    const gone = this.playing ? ((performance.now() - this.since) / 1000) * this.rate : 0;
    return Math.min(this.at + gone, this.length());
  }

  // Every screen that follows this playhead, loaded or not.
  followers() {
    const within = this.scope === "all" ? document : document.getElementById(`row-${this.row}`);
    const frames = within ? [...within.querySelectorAll(".screen")] : [];
    return frames.flatMap((frame) => screenOfFrame.get(frame) ?? []);
  }

  /** @returns {Loaded[]} */
  loaded() {
    return this.followers().flatMap((screen) =>
      screen.video && !screen.video.error ? [{ screen, video: screen.video }] : [],
    );
  }

  length() {
    return Math.max(0.04, ...this.followers().map((screen) => screen.length));
  }

  // The length of one frame, in seconds.
  frameLength() {
    const rates = this.followers()
      .map((screen) => screen.film.frame_rate ?? 0)
      .filter((rate) => rate > 0);
    return 1 / (rates.length ? Math.max(...rates) : 24);
  }

  /** @param {number} time */
  seek(time) {
    this.at = Math.max(0, Math.min(time, this.length()));
    this.since = performance.now();
    this.loaded().forEach(({ screen }) => screen.seek(this.at));
    this.changed.send();
  }

  // Steps to the middle of a frame: its edge may round to either side.
  /** @param {number} count */
  stepFrames(count) {
    this.pause();
    const number = Math.floor(this.now() / this.frameLength() + 1e-4);
    this.seek((number + count + 0.5) * this.frameLength());
  }

  async play() {
    if (this.playing || this.starting) return;
    const start = (this.starting = ++this.starts);
    if (this.now() >= this.length() - 0.05) this.at = 0;
    const loaded = this.loaded();
    loaded.forEach(({ screen }) => screen.seek(this.at));
    await Promise.race([Promise.all(loaded.map(settled)), delay(3000)]);
    if (this.starting !== start) return; // paused meanwhile, or started elsewhere
    this.starting = 0;
    this.playing = true;
    this.begin(loaded);
    this.changed.send();
    requestAnimationFrame(() => this.tick());
  }

  // Lets videos that are in one place play, without a jump while they start.
  /** @param {Loaded[]} loaded */
  begin(loaded) {
    this.since = performance.now();
    for (const one of loaded) {
      one.screen.jumped = this.since;
      this.run(one, this.at);
    }
  }

  pause() {
    const time = this.now();
    this.starting = 0;
    if (!this.playing) return;
    this.playing = false;
    for (const { video } of screens.values()) video?.pause();
    this.seek(time);
  }

  toggle() {
    if (this.playing || this.starting) this.pause();
    else this.play();
  }

  /** @param {number} rate */
  setRate(rate) {
    this.at = this.now();
    this.since = performance.now();
    this.rate = rate;
    this.loaded().forEach(({ video }) => {
      video.playbackRate = rate;
    });
  }

  // Rows that it no longer leads stop; the new ones continue from the same position.
  /** @param {number} row */
  lead(row, scope = this.scope) {
    const [time, playing] = [this.now(), this.playing || this.starting > 0];
    this.pause();
    this.row = row;
    this.scope = scope;
    this.seek(time);
    if (playing) this.play();
  }

  /** @param {ShownCell | null} cell */
  setAudible(cell) {
    this.audible = cell;
    for (const screen of screens.values()) screen.setAudible(screen.cell === cell);
    this.changed.send();
  }

  /** @param {Loaded} one @param {number} time */
  run({ screen, video }, time) {
    if (time >= screen.length - 0.03) return;
    video.playbackRate = this.rate;
    video.play().catch(() => {}); // it was unloaded meanwhile, or needs a click first
  }

  tick() {
    if (!this.playing) return;
    const time = this.now();
    if (time >= this.length()) {
      this.seek(0);
      this.begin(this.loaded());
    } else if (performance.now() - this.checked > 150) {
      this.checked = performance.now();
      this.keepTogether();
    }
    this.changed.send();
    requestAnimationFrame(() => this.tick());
  }

  keepTogether() {
    const time = this.now();
    const under = this.loaded().filter(
      // One that has ended waits on its last frame for longer ones.
      ({ screen, video }) => time < screen.length - 0.03 && !video.seeking && video.readyState >= 3,
    );
    const playing = under.filter(({ video }) => !video.paused);
    const offsets = playing.map(({ video }) => video.currentTime - time).sort((a, b) => a - b);
    const middle = offsets[offsets.length >> 1] ?? 0;
    this.at = Math.max(0, time + middle);
    this.since = performance.now();
    for (const one of under) this.correct(one, this.at);
  }

  /** @param {Loaded} one @param {number} time */
  correct({ screen, video }, time) {
    const offset = video.currentTime - time;
    // A video that has just been loaded may jump at once: it is late by the time loading took.
    if (Math.abs(offset) > (screen.jumped ? JUMP : LATE)) {
      if (performance.now() - screen.jumped < 1000) return;
      screen.jumped = performance.now();
      screen.seek(time + (video.paused ? 0 : 0.05));
    }
    if (video.paused) this.run({ screen, video }, time);
    screen.nudged = Math.abs(offset) > (screen.nudged ? TIGHT : LOOSE);
    const faster = Math.max(-MOST_FASTER, Math.min(MOST_FASTER, -offset * FASTER));
    video.playbackRate = this.rate * (screen.nudged ? 1 + faster : 1);
  }
}

export const playhead = new Playhead();

/** @param {number} milliseconds @returns {Promise<void>} */
const delay = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Resolve once a screen can play on, or has failed.
 * @param {Loaded} one
 * @returns {Promise<void>}
 */
function settled({ screen, video }) {
  const isSettled = () => !screen.video || video.error || (video.readyState >= 3 && !video.seeking);
  return new Promise((done) => {
    const look = () => {
      if (isSettled()) done();
    };
    for (const event of ["canplay", "seeked", "error", "emptied"])
      video.addEventListener(event, look);
    look();
  });
}
