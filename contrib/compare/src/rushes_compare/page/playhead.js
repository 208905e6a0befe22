// One playhead leads all the videos in play; it is a clock of its own, and no video is its master.
// Every video is held to within TOLERANCE of it: a small drift is made good by playing a little
// faster or slower, a large one by a jump, at most once a second, because each costs decoding.
const TOLERANCE = 0.08;
const JUMP = 0.25;

const playhead = {
  playing: false,
  starting: 0, // the number of the start under way
  starts: 0,
  rate: 1,
  scope: data.rows.length > 1 ? "row" : "all",
  row: 0,
  heard: null,
  at: 0,
  since: 0,
  checked: 0,

  now() {
    const gone = this.playing ? ((performance.now() - this.since) / 1000) * this.rate : 0;
    return Math.min(this.at + gone, this.length());
  },

  // Every screen on the page that this playhead leads, loaded or not.
  led() {
    const within = this.scope === "all" ? document : document.getElementById(`row-${this.row}`);
    return [...(within?.querySelectorAll(".screen") ?? [])].map((frame) => frames.get(frame));
  },

  members() {
    return this.led().filter((screen) => screen.video && !screen.video.error);
  },

  length() {
    return Math.max(0.04, ...this.led().map((screen) => screen.length));
  },

  step() {
    const rates = this.led()
      .map((screen) => screen.cell.video?.frame_rate)
      .filter((rate) => rate > 0);
    return 1 / (rates.length ? Math.max(...rates) : 24);
  },

  set(time) {
    this.at = Math.max(0, Math.min(time, this.length()));
    this.since = performance.now();
    this.members().forEach((screen) => screen.seek(this.at));
    transport.show();
  },

  // Steps to the middle of a frame: its edge may round to either side.
  frame(count) {
    this.pause();
    const number = Math.floor(this.now() / this.step() + 1e-4);
    this.set((number + count + 0.5) * this.step());
  },

  async play() {
    if (this.playing || this.starting) return;
    const start = (this.starting = ++this.starts);
    if (this.now() >= this.length() - 0.05) this.at = 0;
    const members = this.members();
    members.forEach((screen) => screen.seek(this.at));
    await Promise.race([Promise.all(members.map(settled)), rest(3000)]);
    if (this.starting !== start) return; // paused meanwhile, or begun anew elsewhere
    this.starting = 0;
    this.playing = true;
    this.since = performance.now();
    members.forEach((screen) => this.run(screen, this.at));
    transport.show();
    requestAnimationFrame(() => this.tick());
  },

  pause() {
    const time = this.now();
    this.starting = 0;
    if (!this.playing) return;
    this.playing = false;
    for (const { video } of screens.values()) video?.pause();
    this.set(time);
  },

  toggle() {
    if (this.playing || this.starting) this.pause();
    else this.play();
  },

  turn(rate) {
    this.at = this.now();
    this.since = performance.now();
    this.rate = rate;
    this.members().forEach((screen) => {
      screen.video.playbackRate = rate;
    });
  },

  // Rows that are no longer led stand still; the new ones take over where the old ones were.
  lead(row, scope = this.scope) {
    const [time, playing] = [this.now(), this.playing || this.starting > 0];
    this.pause();
    this.row = row;
    this.scope = scope;
    this.set(time);
    if (playing) this.play();
  },

  listen(cell) {
    this.heard = cell;
    for (const screen of screens.values())
      if (screen.video) screen.video.muted = screen.cell !== cell;
  },

  run(screen, time) {
    if (time >= screen.length - 0.03) return;
    screen.video.playbackRate = this.rate;
    screen.video.play().catch(() => {}); // it was unloaded meanwhile, or wants a click first
  },

  tick() {
    if (!this.playing) return;
    const time = this.now();
    if (time >= this.length()) {
      this.set(0);
      this.members().forEach((screen) => this.run(screen, 0));
    } else if (performance.now() - this.checked > 150) {
      this.checked = performance.now();
      this.members().forEach((screen) => this.correct(screen, time));
    }
    transport.show();
    requestAnimationFrame(() => this.tick());
  },

  correct(screen, time) {
    const { video } = screen;
    if (time >= screen.length - 0.03) return; // it waits on its last frame for the longer ones
    if (video.seeking || video.readyState < 3) return;
    const drift = video.currentTime - time;
    // One that has just come into sight may jump at once: it runs late by what its opening took.
    if (Math.abs(drift) > (screen.jumped ? JUMP : TOLERANCE)) {
      if (performance.now() - screen.jumped < 1000) return;
      screen.jumped = performance.now();
      screen.seek(time + (video.paused ? 0 : 0.05));
    }
    if (video.paused) this.run(screen, time);
    const small = Math.abs(drift) < TOLERANCE / 4;
    const turn = small ? 1 : 1 - Math.max(-0.25, Math.min(0.25, drift * 1.5));
    video.playbackRate = this.rate * turn;
  },
};

const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Resolves once a screen could play on, or never will.
function settled(screen) {
  const { video } = screen;
  const fine = () => !screen.video || video.error || (video.readyState >= 3 && !video.seeking);
  return new Promise((done) => {
    const look = () => {
      if (fine()) done();
    };
    for (const event of ["canplay", "seeked", "error", "emptied"])
      video.addEventListener(event, look);
    look();
  });
}
