// The bar at the bottom: it moves the playhead, chooses which rows play, and turns sound on or off.
import { data } from "./data.js";
import { button, dropdown, make } from "./dom.js";
import { playhead } from "./playhead.js";
import { clock } from "./text.js";
import { markLeadingRow, toggleSound } from "./view.js";

/** @import { Scope } from "./playhead.js" */

const playButton = button("Play", () => playhead.toggle(), {
  id: "play",
  class: "primary",
  "aria-keyshortcuts": "Space",
});

const slider = make("input", {
  type: "range",
  id: "time",
  min: 0,
  max: 1,
  step: "any",
  value: 0,
  "aria-label": "Time",
  oninput: () => {
    const time = Number(slider.value); // pausing moves the slider to where the playhead is
    playhead.pause();
    playhead.seek(time);
  },
});

const timeOutput = make("output", { id: "clock", for: "time" });

const soundButton = button("♪", toggleSound, {
  id: "mute",
  class: "quiet",
  "aria-pressed": "false",
  "aria-label": "Sound",
  title: "Sound on, off (m)",
});

export function showPlayhead() {
  const [time, length] = [playhead.now(), playhead.length()];
  const what = playhead.scope === "all" ? "Play all" : `Play row ${playhead.row + 1}`;
  const text = playhead.playing ? "Pause" : data.rows.length > 1 ? what : "Play";
  if (playButton.textContent !== text) playButton.textContent = text;
  slider.max = String(length);
  slider.value = String(time);
  slider.style.setProperty("--done", `${(100 * time) / length}%`);
  const reading = `${clock(time)} / ${clock(length)}`;
  if (timeOutput.textContent !== reading) timeOutput.textContent = reading;
  if (!playhead.playing) slider.setAttribute("aria-valuetext", reading);
  soundButton.setAttribute("aria-pressed", String(playhead.audible !== null));
}

export const transport = make(
  "div",
  { class: "transport", role: "region", "aria-label": "Playback of all videos together" },
  playButton,
  stepButton(-1, "‹", "One frame back", ","),
  stepButton(1, "›", "One frame forward", "."),
  slider,
  timeOutput,
  dropdown("Speed", { id: "speed" }, speeds(), "1", (rate) => playhead.setRate(Number(rate))),
  data.rows.length > 1 && scopeDropdown(),
  soundButton,
);

/** @param {number} count @param {string} sign @param {string} label @param {string} key */
function stepButton(count, sign, label, key) {
  return button(sign, () => playhead.stepFrames(count), {
    class: "quiet step",
    "aria-label": label,
    title: `${label} (${key})`,
  });
}

/** @returns {[string, string][]} */
function speeds() {
  return [0.1, 0.25, 0.5, 1, 1.5, 2].map((rate) => [String(rate), `${rate}×`]);
}

function scopeDropdown() {
  /** @type {[Scope, string][]} */
  const scopes = [
    ["row", "this row"],
    ["all", "all rows"],
  ];
  return dropdown("Plays", { id: "scope" }, scopes, playhead.scope, (scope) => {
    playhead.lead(playhead.row, scope);
    markLeadingRow();
  });
}
