// A video that plays together with others, under one playhead.
import { files, videoAddress } from "./data.js";
import { make } from "./dom.js";

/** @import { Attributes, ShownCell } from "./types.js" */

export const CANNOT_PLAY = "This browser cannot play the file.";

export class Player {
  /** @type {HTMLVideoElement | null} While it is loaded. */
  video = null;
  /** When it last jumped to the playhead. */
  jumped = 0;
  /** Whether it plays faster or slower until it is where the playhead is. */
  nudged = false;
  /** @type {number | undefined} Where to seek after the seek under way. */
  nextSeek = undefined;

  /** @param {ShownCell} cell one that has a video */
  constructor(cell) {
    const [film, file] = [cell.video, files.get(cell.number)];
    if (!film || !file) throw new Error(`cell ${cell.id} has no video`);
    this.cell = cell;
    this.film = film;
    this.file = file;
  }

  // The length that was measured; the file's own once it is open.
  get length() {
    const own = this.video?.duration ?? NaN;
    return Number.isFinite(own) ? own : (this.film.duration ?? 0);
  }

  /** @param {Attributes} attributes */
  open(attributes) {
    const video = make("video", { playsinline: true, preload: "auto", ...attributes });
    video.muted = true;
    video.disablePictureInPicture = true;
    video.addEventListener("seeked", () => this.seekOn());
    video.src = videoAddress(this.file);
    this.video = video;
    return video;
  }

  // Frees the memory: a video that is only taken out of the document keeps it.
  unload() {
    if (!this.video) return;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.video.remove();
    this.video = null;
    this.jumped = 0;
    this.nudged = false;
    this.nextSeek = undefined;
  }

  // Seeks to one place at a time; during a seek only the latest request is kept.
  /** @param {number} time */
  seek(time) {
    if (!this.video || this.video.readyState < 1) return;
    const target = Math.max(0, Math.min(time, this.length - 0.02));
    if (this.video.seeking) {
      this.nextSeek = target;
      return;
    }
    this.nextSeek = undefined; // an older request may still be waiting for its event
    if (Math.abs(this.video.currentTime - target) > 0.001) this.video.currentTime = target;
  }

  seekOn() {
    const next = this.nextSeek;
    this.nextSeek = undefined;
    if (next !== undefined) this.seek(next);
  }

  /** @param {number} rate */
  play(rate) {
    if (!this.video) return;
    this.nextSeek = undefined; // where it stood before it played
    this.video.playbackRate = rate;
    this.video.play().catch(() => {}); // it was unloaded meanwhile, or needs a click first
  }
}
