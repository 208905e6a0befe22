// A screen shows a poster, and has a video only while it is near the window: a browser decodes a
// few videos well, and thirty badly.
import { aspectRatio } from "./data.js";
import { announce, make } from "./dom.js";
import { CANNOT_PLAY, Player } from "./player.js";
import { playhead, screenOfFrame, screens } from "./playhead.js";

/** @import { ShownCell } from "./types.js" */

// How many videos load at the same time. In turns, the first row is ready first; a browser that gets
// little of the processor then finishes some of them instead of none.
const AT_ONCE = 6;
// Milliseconds after which a video that loads slowly no longer holds up the others.
const PATIENCE = 10_000;
/** @type {Set<Screen>} */
const waiting = new Set();
/** @type {Map<Screen, number>} Each with the timer that ends its turn. */
const loading = new Map();

function loadNext() {
  for (const screen of waiting) {
    if (loading.size >= AT_ONCE) return;
    waiting.delete(screen);
    loading.set(
      screen,
      setTimeout(() => endTurn(screen), PATIENCE),
    );
    screen.start();
  }
}

/** @param {Screen} screen */
function endTurn(screen) {
  waiting.delete(screen);
  clearTimeout(loading.get(screen));
  if (loading.delete(screen)) loadNext();
}

const near = new IntersectionObserver(
  (changes) => {
    for (const { target, isIntersecting } of changes) {
      const screen = screenOfFrame.get(target);
      if (isIntersecting) screen?.load();
      else screen?.unload();
    }
  },
  { rootMargin: "15% 0px" },
);

export class Screen extends Player {
  note = make("p", { class: "note" });

  /** @param {ShownCell} cell */
  constructor(cell) {
    super(cell);
    this.soundButton = this.makeSoundButton();
    this.frame = make(
      "div",
      { class: `screen${this.fits() ? " fits" : ""}` },
      this.file.poster &&
        make("img", { src: this.file.poster, alt: "", decoding: "async", draggable: "false" }),
      this.note,
      this.makeButtons(),
    );
    this.frame.addEventListener("click", () => playhead.toggle());
    this.frame.addEventListener("dblclick", () => toggleFullscreen(this));
    screenOfFrame.set(this.frame, this);
    near.observe(this.frame);
  }

  // Whether the picture fills its frame, except for rounding.
  fits() {
    const [width, height] = aspectRatio(this.cell.row);
    return Math.abs((this.film.width / this.film.height) * (height / width) - 1) < 0.01;
  }

  // Buttons on the picture itself, the same in blind rows as in others.
  makeButtons() {
    return make(
      "div",
      { class: "overlay", ondblclick: (event) => event.stopPropagation() },
      this.soundButton,
      make(
        "button",
        {
          type: "button",
          class: "fullscreen",
          "aria-label": "Full screen",
          title: "Full screen (f)",
          "data-key": `fill ${this.cell.number}`,
          onclick: (event) => {
            event.stopPropagation();
            toggleFullscreen(this);
          },
        },
        make("i", { "aria-hidden": "true" }),
      ),
    );
  }

  makeSoundButton() {
    return make(
      "button",
      {
        type: "button",
        class: "listen",
        "aria-pressed": playhead.audible === this.cell,
        "aria-label": "Sound of this video",
        title: "Sound of this video",
        "data-key": `hear ${this.cell.number}`,
        onclick: (event) => {
          event.stopPropagation();
          playhead.setAudible(playhead.audible === this.cell ? null : this.cell);
        },
      },
      "♪",
    );
  }

  /** @param {boolean} audible */
  setAudible(audible) {
    this.soundButton.setAttribute("aria-pressed", String(audible));
    if (this.video) this.video.muted = !audible;
  }

  load() {
    if (this.video) return;
    waiting.add(this);
    loadNext();
  }

  // Called when it is this video's turn to load.
  start() {
    const video = this.open({ tabindex: "-1", "aria-hidden": "true" });
    video.muted = this.cell !== playhead.audible;
    video.addEventListener("loadedmetadata", () => {
      if (playhead.followers().includes(this)) this.seek(playhead.now());
    });
    // The poster shows another moment, and after rounding its edge could show: it is hidden once
    // the video has drawn its first frame.
    const drawn = () => {
      if (this.video === video) this.frame.classList.add("open");
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(drawn);
    else video.addEventListener("loadeddata", drawn);
    video.addEventListener("loadeddata", () => endTurn(this));
    video.addEventListener("error", () => {
      endTurn(this);
      this.note.textContent = CANNOT_PLAY;
    });
    this.frame.insertBefore(video, this.note);
  }

  unload() {
    endTurn(this);
    super.unload();
    this.frame.classList.remove("open");
    this.note.textContent = "";
  }
}

/** @param {ShownCell} cell */
export function screenOf(cell) {
  const made = screens.get(cell.number);
  if (made) return made;
  const screen = new Screen(cell);
  screens.set(cell.number, screen);
  return screen;
}

// Unloads the videos of slots that are no longer in the document.
export function dropDetachedScreens() {
  for (const [number, screen] of screens) {
    if (screen.frame.isConnected) continue;
    near.unobserve(screen.frame);
    screen.unload();
    screens.delete(number);
  }
}

/** @param {Screen | null | undefined} screen */
export async function toggleFullscreen(screen) {
  if (!screen) return;
  if (document.fullscreenElement) await document.exitFullscreen();
  else if (screen.frame.requestFullscreen) {
    await screen.frame
      .requestFullscreen()
      .catch(() => announce("This browser does not allow full screen"));
  } else {
    /** @typedef {HTMLVideoElement & { webkitEnterFullscreen?: () => void }} PhoneVideo */
    const video = /** @type {PhoneVideo | null} */ (screen.video);
    video?.webkitEnterFullscreen?.(); // a phone's own player
  }
}
