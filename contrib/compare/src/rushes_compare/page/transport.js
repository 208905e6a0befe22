// The bar at the bottom: it moves the playhead, chooses the row that is led, and what is heard.
const button = (text, does, given = {}) =>
  make("button", { type: "button", onclick: does, ...given }, text);
const select_ = (label, given, choices, chosen, does) =>
  make(
    "label",
    { class: "field" },
    make("span", {}, label),
    make(
      "select",
      { onchange: (event) => does(event.target.value), ...given },
      choices.map(([value, text]) => make("option", { value, selected: value === chosen }, text)),
    ),
  );

const transport = {
  button: button("Play", () => playhead.toggle(), {
    id: "play",
    class: "primary",
    "aria-keyshortcuts": "Space",
  }),
  slider: make("input", {
    type: "range",
    id: "time",
    min: 0,
    max: 1,
    step: "any",
    value: 0,
    "aria-label": "Time",
    oninput: (event) => {
      playhead.pause();
      playhead.set(Number(event.target.value));
    },
  }),
  time: make("output", { id: "clock", for: "time" }),
  mute: button("♪", () => mute(), {
    id: "mute",
    class: "quiet",
    "aria-pressed": "false",
    "aria-label": "Sound",
    title: "Sound on, off (m)",
  }),
  element: null,

  show() {
    const [time, length] = [playhead.now(), playhead.length()];
    const what = playhead.scope === "all" ? "Play all" : `Play row ${playhead.row + 1}`;
    const text = playhead.playing ? "Pause" : data.rows.length > 1 ? what : "Play";
    if (this.button.textContent !== text) this.button.textContent = text;
    this.slider.max = length;
    this.slider.value = time;
    this.slider.style.setProperty("--done", `${(100 * time) / length}%`);
    const told = `${clock(time)} / ${clock(length)}`;
    if (this.time.textContent !== told) this.time.textContent = told;
    if (!playhead.playing) this.slider.setAttribute("aria-valuetext", told);
    this.mute.setAttribute("aria-pressed", String(playhead.heard !== null));
  },

  make() {
    const speeds = [0.1, 0.25, 0.5, 1, 1.5, 2].map((rate) => [String(rate), `${rate}×`]);
    return make(
      "div",
      { class: "transport", role: "group", "aria-label": "Playback of all videos together" },
      this.button,
      button("‹", () => playhead.frame(-1), {
        class: "quiet step",
        "aria-label": "One frame back",
        title: "One frame back (,)",
      }),
      button("›", () => playhead.frame(1), {
        class: "quiet step",
        "aria-label": "One frame on",
        title: "One frame on (.)",
      }),
      this.slider,
      this.time,
      select_("Speed", { id: "speed" }, speeds, "1", (value) => playhead.turn(Number(value))),
      data.rows.length > 1 &&
        select_(
          "Plays",
          { id: "scope" },
          [
            ["row", "this row"],
            ["all", "all rows"],
          ],
          playhead.scope,
          (value) => {
            playhead.lead(playhead.row, value);
            mark();
          },
        ),
      this.mute,
    );
  },
};

function hear(cell) {
  playhead.listen(cell);
  for (const one of document.querySelectorAll("button.listen")) {
    const screen = frames.get(one.closest(".screen"));
    one.setAttribute("aria-pressed", String(cell !== null && screen?.cell === cell));
  }
  transport.show();
}

// The first of the row that leads, also where all rows play.
function mute() {
  const first = rowElement(playhead.row)?.querySelector(".screen");
  hear(playhead.heard || !first ? null : frames.get(first).cell);
}

function select(row) {
  if (row !== playhead.row) playhead.lead(row);
  mark();
}

// Shows which row leads: it is voted in, also where all rows play.
function mark() {
  const several = data.rows.length > 1;
  for (const section of rowsElement.children) {
    section.classList.toggle("led", several && section.id === `row-${playhead.row}`);
  }
  transport.show();
}
