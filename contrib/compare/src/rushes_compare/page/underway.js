// A page that is written while its comparison is under way says how far that has come, and looks
// for a newer one of itself. It leaves what the reader is busy with alone.
const SILENT = 60; // seconds after which a run that still goes on would have written the page anew

function progress() {
  const open = data.cells.filter((cell) => cell.kind === "unfinished").length;
  const asked = data.cells.filter((cell) => cell.kind !== "cannot").length;
  if (!data.under_way && !open) return null;
  const plain = /^[\w.+-]+$/.test(data.folder);
  const folder = plain ? data.folder : `'${data.folder.replaceAll("'", "'\\''")}'`;
  const again = make("code", {}, inSight(`rushes compare --resume ${folder}`));
  const clockTime = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
  const stale = age() > SILENT;
  const told = data.under_way
    ? [
        make("b", {}, "Under way. "),
        `${asked - open} of ${asked} ${asked - open === 1 ? "has" : "have"} come to an end, as of `,
        `${clockTime.format(new Date(data.written_at * 1000))}. `,
        stale
          ? ["There is nothing new since. If the run was ended, ", again, " goes on with it."]
          : "What comes appears here by itself.",
      ]
    : [
        make("b", {}, "Not finished. "),
        `${open} of ${asked} ${open === 1 ? "has" : "have"} no video yet; `,
        again,
        " goes on, and pays nothing twice.",
      ];
  return make(
    "div",
    { class: "hint", id: "progress" },
    make("p", {}, told),
    data.under_way && button("Reload", () => location.reload(), { id: "reload" }),
  );
}

const age = () => Math.max(0, Date.now() / 1000 - data.written_at);

function lookAgain() {
  if (!data.under_way) return;
  setTimeout(
    () => {
      if (busy()) lookAgain();
      else location.reload();
    },
    1000 * Math.min(60, Math.max(4, age() / 5)),
  );
}

let touched = -Infinity;
for (const kind of ["pointermove", "pointerdown", "keydown", "wheel", "touchmove"])
  addEventListener(kind, () => (touched = performance.now()), { passive: true });

// Whether the reader is at it, or has made something of the page that a new one would not have.
const busy = () =>
  performance.now() - touched < 4000 ||
  state.blind ||
  playhead.playing ||
  playhead.starting > 0 ||
  playhead.at > 0 ||
  opened.size > 0 ||
  whole.size > 0 ||
  wanted.text !== "" ||
  wanted.state !== "all" ||
  wanted.order !== "given" ||
  wanted.broken ||
  wanted.without.size > 0 ||
  document.fullscreenElement !== null ||
  document.querySelector("dialog[open], .menu[open]") !== null;
