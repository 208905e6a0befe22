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
      { class: `screen${this.fits() ? " fits" : ""}` },
      poster && make("img", { src: poster, alt: "", decoding: "async", draggable: "false" }),
      this.note,
      this.tools(),
    );
    this.frame.addEventListener("click", () => playhead.toggle());
    this.frame.addEventListener("dblclick", () => fill(this));
    frames.set(this.frame, this);
    near.observe(this.frame);
  }

  // Whether the picture has the form of its frame, so that nothing is left over beside it but what
  // is rounded.
  fits() {
    const [width, height] = ratio(this.cell.row);
    const film = this.cell.video;
    return Math.abs((film.width / film.height) * (height / width) - 1) < 0.01;
  }

  // On the picture itself, for whoever points at it; the same in the blind as else.
  tools() {
    const does = (act) => (event) => {
      event.stopPropagation();
      act();
    };
    return make(
      "div",
      { class: "over", ondblclick: (event) => event.stopPropagation() },
      make(
        "button",
        {
          type: "button",
          class: "listen",
          "aria-pressed": playhead.heard === this.cell,
          "aria-label": "Hear this one",
          title: "Hear this one",
          "data-key": `hear ${this.cell.number}`,
          onclick: does(() => hear(playhead.heard === this.cell ? null : this.cell)),
        },
        "♪",
      ),
      make(
        "button",
        {
          type: "button",
          class: "fill",
          "aria-label": "Fill the screen",
          title: "Fill the screen (f)",
          "data-key": `fill ${this.cell.number}`,
          onclick: does(() => fill(this)),
        },
        make("i", { "aria-hidden": "true" }),
      ),
    );
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
    // The poster is of another moment, and would show at the edge by what browsers round: it goes
    // when the video has drawn its first frame.
    const drawn = () => this.video === video && this.frame.classList.add("open");
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(drawn);
    else video.addEventListener("loadeddata", drawn);
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
    this.frame.classList.remove("open");
    this.jumped = 0;
    this.note.textContent = "";
  }

  // Seeks one place at a time; while one is under way, only the latest wish is kept.
  seek(time) {
    if (!this.video || this.video.readyState < 1) return;
    const target = Math.max(0, Math.min(time, this.length - 0.02));
    if (this.video.seeking) {
      this.wish = target;
      return;
    }
    this.wish = undefined; // an older wish may still be waiting for its event
    if (Math.abs(this.video.currentTime - target) > 0.001) this.video.currentTime = target;
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
