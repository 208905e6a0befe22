// One playhead leads all videos that play together. It runs on a clock of its own, and is set to
// where the middle one of them is, so that nobody has to jump.
// Players take their time to start, each its own. So all of them creep until every one has moved, and
// only then they play at full speed, from places that are hardly apart.
// A video that is off by more than LOOSE plays a little faster or slower until it is within TIGHT; one
// that is far off jumps, at most once a second, because each jump costs decoding.
import { signal } from "./signals.js";

/** @import { Player } from "./player.js" */

// Seconds.
const LOOSE = 0.01;
const TIGHT = 0.003;
const LATE = 0.08;
const JUMP = 0.25;
const MOVED = 0.002;
// How long the slowest to start is waited for.
const PATIENCE = 1;
// The rate until then. The slower, the nearer they are to each other, and the more frames are dropped
// when all of them speed up at once.
const CREEP = 1 / 8;
// How much faster or slower a video may play, and how much it does for each second that it is off.
const MOST_FASTER = 0.25;
const FASTER = 3;

/**
 * @template {Player} Of
 * @typedef {Of & { video: HTMLVideoElement }} Loaded
 */

/** @template {Player} [Of=Player] */
export class Playhead {
  playing = false;
  /** The number of the start that is under way; 0 for none. */
  starting = 0;
  starts = 0;
  rate = 1;
  /** Whether it waits at `at`, since `since`, for every player to move. */
  gathering = false;
  /** Seconds, at the moment `since`. */
  at = 0;
  since = 0;
  checked = 0;
  /** Sent when it starts, stops or moves, and for each frame while it plays. */
  changed = signal();

  /** @param {() => Of[]} followers every player that it leads, loaded or not */
  constructor(followers) {
    this.followers = followers;
  }

  now() {
    const gone = this.playing && !this.gathering ? ((performance.now() - this.since) / 1000) * this.rate : 0;
    return Math.min(this.at + gone, this.length());
  }

  /** @returns {Loaded<Of>[]} */
  loaded() {
    return this.followers().filter(
      /** @returns {player is Loaded<Of>} */
      (player) => player.video !== null && !player.video.error,
    );
  }

  length() {
    return Math.max(0.04, ...this.followers().map((player) => player.length));
  }

  /** @param {number} time */
  seek(time) {
    this.at = Math.max(0, Math.min(time, this.length()));
    this.since = performance.now();
    for (const player of this.loaded()) player.seek(this.at);
    this.changed.send();
  }

  async play() {
    if (this.playing || this.starting) return;
    const start = (this.starting = ++this.starts);
    if (this.now() >= this.length() - 0.05) this.at = 0;
    const loaded = this.loaded();
    for (const player of loaded) player.seek(this.at);
    this.changed.send();
    await Promise.race([Promise.all(loaded.map(settled)), delay(3000)]);
    if (this.starting !== start) return; // paused meanwhile, or started elsewhere
    this.starting = 0;
    this.playing = true;
    this.begin();
    this.changed.send();
    requestAnimationFrame(() => this.tick());
  }

  // Lets videos that are in one place play, without a jump while they start.
  begin() {
    this.gathering = true;
    this.since = performance.now();
    for (const player of this.loaded()) {
      player.jumped = this.since;
      this.run(player, this.at);
    }
  }

  // Goes on from where the middle one is, once all have begun to move.
  gather() {
    const playing = this.loaded().filter(({ length }) => this.at < length - 0.03);
    const gone = playing.map(({ video }) => (video.seeking ? 0 : video.currentTime - this.at));
    const waited = (performance.now() - this.since) / 1000;
    if (waited < PATIENCE && gone.some((seconds) => seconds < MOVED)) return;
    this.gathering = false;
    this.at += median(gone);
    this.since = performance.now();
    for (const { video } of playing) video.playbackRate = this.rate;
  }

  pause() {
    const time = this.now();
    const stopped = this.playing;
    this.starting = 0;
    this.playing = false;
    if (!stopped) return this.changed.send();
    for (const { video } of this.loaded()) video.pause();
    this.seek(time);
  }

  toggle() {
    if (this.playing || this.starting) this.pause();
    else void this.play();
  }

  /** @param {number} rate */
  setRate(rate) {
    this.at = this.now();
    this.since = performance.now();
    this.rate = rate;
    if (this.gathering) return;
    for (const { video } of this.loaded()) video.playbackRate = rate;
  }

  /** @param {Loaded<Of>} player @param {number} time */
  run(player, time) {
    if (time < player.length - 0.03) player.play(this.gathering ? CREEP : this.rate);
  }

  tick() {
    if (!this.playing) return;
    if (this.gathering) {
      this.gather();
    } else if (this.now() >= this.length()) {
      this.seek(0);
      this.begin();
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
      ({ length, video }) => time < length - 0.03 && !video.seeking && video.readyState >= 3,
    );
    const playing = under.filter(({ video }) => !video.paused);
    const offset = median(playing.map(({ video }) => video.currentTime - time));
    this.at = Math.max(0, time + offset);
    this.since = performance.now();
    for (const player of under) this.correct(player, this.at);
  }

  /** @param {Loaded<Of>} player @param {number} time */
  correct(player, time) {
    const { video } = player;
    const offset = video.currentTime - time;
    // A video that has just been loaded may jump at once: it is late by the time loading took.
    if (Math.abs(offset) > (player.jumped ? JUMP : LATE)) {
      if (performance.now() - player.jumped < 1000) return;
      player.jumped = performance.now();
      player.seek(time + (video.paused ? 0 : 0.05));
    }
    if (video.paused) this.run(player, time);
    player.nudged = Math.abs(offset) > (player.nudged ? TIGHT : LOOSE);
    const faster = Math.max(-MOST_FASTER, Math.min(MOST_FASTER, -offset * FASTER));
    video.playbackRate = this.rate * (player.nudged ? 1 + faster : 1);
  }
}

/** @param {number[]} values */
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** @param {number} milliseconds @returns {Promise<void>} */
const delay = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * Resolve once a player can play on, or has failed.
 * @param {Player & { video: HTMLVideoElement }} player
 * @returns {Promise<void>}
 */
function settled(player) {
  const { video } = player;
  const isSettled = () =>
    player.video !== video || video.error || (video.readyState >= 3 && !video.seeking);
  return new Promise((done) => {
    const look = () => {
      if (isSettled()) done();
    };
    for (const event of ["canplay", "seeked", "error", "emptied"])
      video.addEventListener(event, look);
    look();
  });
}
