// One playhead leads all videos that play together. It runs on a clock of its own, and is set to
// where the middle one of them is: players take their time to start, and then nobody has to jump.
// A video that is off by more than LOOSE plays a little faster or slower until it is within TIGHT; one
// that is far off jumps, at most once a second, because each jump costs decoding.
import { signal } from "./signals.js";

/** @import { Player } from "./player.js" */

// Seconds.
const LOOSE = 0.01;
const TIGHT = 0.003;
const LATE = 0.08;
const JUMP = 0.25;
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
    const gone = this.playing ? ((performance.now() - this.since) / 1000) * this.rate : 0;
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
    this.begin(loaded);
    this.changed.send();
    requestAnimationFrame(() => this.tick());
  }

  // Lets videos that are in one place play, without a jump while they start.
  /** @param {Loaded<Of>[]} loaded */
  begin(loaded) {
    this.since = performance.now();
    for (const player of loaded) {
      player.jumped = this.since;
      this.run(player, this.at);
    }
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
    for (const { video } of this.loaded()) video.playbackRate = rate;
  }

  /** @param {Loaded<Of>} player @param {number} time */
  run(player, time) {
    if (time < player.length - 0.03) player.play(this.rate);
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
      ({ length, video }) => time < length - 0.03 && !video.seeking && video.readyState >= 3,
    );
    const playing = under.filter(({ video }) => !video.paused);
    const offsets = playing.map(({ video }) => video.currentTime - time).sort((a, b) => a - b);
    const middle = offsets[offsets.length >> 1] ?? 0;
    this.at = Math.max(0, time + middle);
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
