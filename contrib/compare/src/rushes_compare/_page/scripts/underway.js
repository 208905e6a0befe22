// A page that is written while its comparison is under way shows the progress, and reloads itself
// when there may be a newer one, unless the reader is using it.
import { data } from "./data.js";
import { button, make } from "./dom.js";
import { openSections } from "./facts.js";
import { filters } from "./filters.js";
import { playhead } from "./playhead.js";
import { escapeInvisible } from "./text.js";
import { expandedRows } from "./view.js";
import { state } from "./votes.js";

const SILENT = 60; // seconds; a run that is still going writes the page more often than that

export function progress() {
  const open = data.cells.filter((cell) => cell.kind === "unfinished").length;
  const asked = data.cells.filter((cell) => cell.kind !== "cannot").length;
  if (!data.under_way && !open) return null;
  return make(
    "div",
    { class: "banner", id: "progress" },
    make("p", {}, data.under_way ? underWay(asked - open, asked) : notFinished(open, asked)),
    data.under_way && button("Reload", () => location.reload(), { id: "reload" }),
  );
}

/** @param {number} done @param {number} asked */
function underWay(done, asked) {
  const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
  return [
    make("b", {}, "Under way. "),
    `${done} of ${asked} finished as of ${time.format(new Date(data.written_at * 1000))}. `,
    age() > SILENT
      ? ["Nothing new since. If the run was stopped, ", resumeCommand(), " continues it."]
      : "New results appear here by themselves.",
  ];
}

/** @param {number} open @param {number} asked */
function notFinished(open, asked) {
  return [
    make("b", {}, "Not finished. "),
    `${open} of ${asked} ${open === 1 ? "has" : "have"} no video yet; `,
    resumeCommand(),
    " continues it; nothing is paid for twice.",
  ];
}

function resumeCommand() {
  const plain = /^[\w.+-]+$/.test(data.folder);
  const folder = plain ? data.folder : `'${data.folder.replaceAll("'", "'\\''")}'`;
  return make("code", {}, escapeInvisible(`rushes compare --resume ${folder}`));
}

const age = () => Math.max(0, Date.now() / 1000 - data.written_at);

// Reloads the page from time to time, less often the older it is.
export function reloadWhileUnderWay() {
  if (!data.under_way) return;
  let touched = -Infinity;
  for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchmove"])
    addEventListener(kind, () => (touched = performance.now()), { passive: true });
  const wait = () => setTimeout(look, 1000 * Math.min(60, Math.max(4, age() / 5)));
  const look = () => {
    if (performance.now() - touched < 4000 || isBusy()) wait();
    else location.reload();
  };
  wait();
}

// Whether the reader has done something with the page that a reload would lose.
const isBusy = () =>
  state.blind ||
  playhead.playing ||
  playhead.starting > 0 ||
  playhead.at > 0 ||
  openSections.size > 0 ||
  expandedRows.size > 0 ||
  filters.text !== "" ||
  filters.kind !== "all" ||
  filters.order !== "given" ||
  filters.broken ||
  filters.without.size > 0 ||
  document.fullscreenElement !== null ||
  document.querySelector("dialog[open], .menu[open]") !== null;
