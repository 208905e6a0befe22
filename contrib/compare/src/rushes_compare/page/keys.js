// The keys. They are listed for the reader in the help.
function walk(by) {
  const rows = shownRows();
  const place = rows.findIndex((section) => section.id === `row-${playhead.row}`);
  const next = rows[Math.max(0, Math.min(rows.length - 1, place + by))];
  if (!next) return;
  select(Number(next.id.slice(4)));
  next.scrollIntoView({ block: "start" });
}

function openAll() {
  const all = ["sent", "measured", "notes"].map((kind) => `${playhead.row} ${kind}`);
  const open = all.every((key) => opened.has(key));
  for (const key of all)
    if (open) opened.delete(key);
    else opened.add(key);
  redraw(playhead.row);
}

// A vote is for what the reader sees: where that is not the row that leads, the key only shows it.
const seenFirst = (does) => () => {
  if (rowElement(playhead.row)?.hidden !== false) return; // no row fits the filters
  if (inSightAlready()) does();
  else announce(`Row ${playhead.row + 1}: press again`);
};

const KEYS = {
  " ": () => {
    if (playhead.scope === "row" && !document.fullscreenElement) inSightAlready();
    playhead.toggle();
  },
  ArrowLeft: () => playhead.set(playhead.now() - 1),
  ArrowRight: () => playhead.set(playhead.now() + 1),
  ",": () => playhead.frame(-1),
  ".": () => playhead.frame(1),
  ArrowUp: () => walk(-1),
  ArrowDown: () => walk(1),
  0: seenFirst(() => cast(playhead.row, null)),
  u: seenFirst(() => takeBack(playhead.row)),
  b: turnBlind,
  m: mute,
  d: openAll,
  f: () => fill(meant()),
  "?": () => (help.open ? help.close() : help.showModal()),
};
for (let digit = 1; digit <= 9; digit += 1) {
  KEYS[digit] = seenFirst(() => cast(playhead.row, digit - 1));
}

const MOVING = ["ArrowLeft", "ArrowRight", ",", "."]; // these go on while they are held
const ALONE = [" ", "m", "f", ...MOVING]; // what works where one video fills the screen

function shutMenus() {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key === "Escape") shutMenus();
  if (event.ctrlKey || event.altKey || event.metaKey || !KEYS[key]) return;
  // A field that is typed into, a button, a slider, a scrolling box: each keeps its own keys.
  if (target.closest("input[type=search], select") || asking.open) return;
  if (help.open && key !== "?") return;
  if (document.fullscreenElement && !ALONE.includes(key)) return;
  if (key === " " && target.closest("button, summary, a, input[type=checkbox]")) return;
  if (key.startsWith("Arrow") && target.closest(".code, .wide, input[type=checkbox]")) return;
  event.preventDefault();
  if (event.repeat && !MOVING.includes(key)) return;
  if (!document.fullscreenElement) follow(); // what was scrolled to may not lead yet
  KEYS[key]();
});
