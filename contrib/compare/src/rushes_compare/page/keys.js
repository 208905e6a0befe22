// The keys. They are listed for the reader in the help.
function walk(by) {
  const rows = [...rowsElement.children].filter((section) => !section.hidden);
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

const KEYS = {
  " ": () => playhead.toggle(),
  ArrowLeft: () => playhead.set(playhead.now() - 1),
  ArrowRight: () => playhead.set(playhead.now() + 1),
  ",": () => playhead.frame(-1),
  ".": () => playhead.frame(1),
  ArrowUp: () => walk(-1),
  ArrowDown: () => walk(1),
  0: () => cast(playhead.row, null),
  u: () => takeBack(playhead.row),
  b: turnBlind,
  m: mute,
  d: openAll,
  "?": () => (help.open ? help.close() : help.showModal()),
};
for (let digit = 1; digit <= 9; digit += 1) KEYS[digit] = () => cast(playhead.row, digit - 1);

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || !KEYS[key]) return;
  // A field that is typed into, a button, a slider, a scrolling box: each keeps its own keys.
  if (target.closest("input[type=search], select") || (help.open && key !== "?")) return;
  if (key === " " && target.closest("button, summary, a, input[type=checkbox]")) return;
  if (key.startsWith("Arrow") && target.closest(".code, .wide, input[type=checkbox]")) return;
  event.preventDefault();
  KEYS[key]();
});
