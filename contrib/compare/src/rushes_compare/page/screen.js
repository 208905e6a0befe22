// A screen shows a poster, and has a video only while it is near the window: a browser decodes a
// few videos well, and thirty badly.
const screens = new Map();
const frames = new WeakMap();
const near = new IntersectionObserver(
  (changes) => {
    for (const change of changes) {
      const screen = frames.get(change.target);
      if (change.isIntersecting) screen.load();
      else screen.unload();
    }
  },
  { rootMargin: "15% 0px" },
);

class Screen {
  constructor(cell) {
    this.cell = cell;
    this.video = null;
    this.jumped = 0;
    const poster = files.get(cell.number).poster;
    this.note = make("p", { class: "note" });
    this.frame = make(
      "div",
      { class: "screen" },
      poster && make("img", { src: poster, alt: "", decoding: "async", draggable: "false" }),
      this.note,
    );
    frames.set(this.frame, this);
    near.observe(this.frame);
  }

  // The length that was measured; the file's own once it is open.
  get length() {
    const own = this.video?.duration;
    return Number.isFinite(own) ? own : (this.cell.video?.duration ?? 0);
  }

  get ready() {
    return this.video !== null && this.video.readyState >= 2 && !this.video.error;
  }

  load() {
    if (this.video) return;
    const video = make("video", {
      playsinline: true,
      preload: "auto",
      tabindex: "-1",
      "aria-hidden": "true",
    });
    video.muted = this.cell !== playhead.heard;
    video.disablePictureInPicture = true;
    video.addEventListener("loadedmetadata", () => {
      if (playhead.led().includes(this)) this.seek(playhead.now());
    });
    video.addEventListener("seeked", () => this.caught());
    video.addEventListener("error", () => {
      this.note.textContent = "This browser cannot play the file.";
    });
    video.src = this.address();
    this.video = video;
    this.frame.insertBefore(video, this.note);
  }

  // An embedded film becomes a blob when it is first seen, and its text is let go.
  address() {
    const file = files.get(this.cell.number);
    if (file.video.startsWith("data:")) {
      const comma = file.video.indexOf(",");
      const bytes = Uint8Array.from(atob(file.video.slice(comma + 1)), (byte) =>
        byte.charCodeAt(0),
      );
      file.video = URL.createObjectURL(
        new Blob([bytes], { type: file.video.slice(5, comma).split(";")[0] }),
      );
    }
    return file.video;
  }

  unload() {
    if (!this.video) return;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.video.remove();
    this.video = null;
    this.jumped = 0;
    this.note.textContent = "";
  }

  // Seeks one place at a time; while one is under way, only the latest wish is kept.
  seek(time) {
    if (!this.video || this.video.readyState < 1) return;
    const target = Math.max(0, Math.min(time, this.length - 0.02));
    if (this.video.seeking) this.wish = target;
    else if (Math.abs(this.video.currentTime - target) > 0.001) this.video.currentTime = target;
  }

  caught() {
    const wish = this.wish;
    this.wish = undefined;
    if (wish !== undefined && !playhead.playing) this.seek(wish);
  }
}

function screenOf(cell) {
  if (!screens.has(cell.number)) screens.set(cell.number, new Screen(cell));
  return screens.get(cell.number);
}
