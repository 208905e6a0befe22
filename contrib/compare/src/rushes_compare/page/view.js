// The row that leads is one that is seen: keys play and vote where the reader looks. It keeps the
// lead while half of it, or half of the window, shows it; then the row that shows most takes over.
const floor = () => transport.element.getBoundingClientRect().top;

function seen(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return Math.max(0, Math.min(bottom, floor()) - Math.max(top, 0));
}

const rowElement = (row) => document.getElementById(`row-${row}`);
const shownRows = () => [...rowsElement.children].filter((section) => !section.hidden);

function follow() {
  const rows = shownRows();
  const led = rowElement(playhead.row);
  const half = led && Math.min(led.getBoundingClientRect().height, floor()) / 2;
  if (rows.includes(led) && seen(led) >= half) return;
  const most = Math.max(...rows.map(seen));
  const next = rows.find((section) => seen(section) === most);
  if (!next || next === led || (most === 0 && rows.includes(led))) return;
  // What had the focus is out of sight: a key must not press it there.
  if (led?.contains(document.activeElement)) document.activeElement.blur();
  select(Number(next.id.slice(4)));
}

let following = false;
function followSoon() {
  if (following) return;
  following = true;
  requestAnimationFrame(() => {
    following = false;
    follow();
  });
}
addEventListener("scroll", followSoon, { passive: true });

// Brings the row that leads into sight; whether it was there already.
function inSightAlready() {
  const led = rowElement(playhead.row);
  if (!led || led.hidden) return false;
  if (seen(led.querySelector(".slots")) >= 40) return true;
  led.scrollIntoView({ block: "start" });
  return false;
}

// What the reader is shown of a text that is cut: a dotted end, and a button for the rest.
const whole = new Set();
function cue() {
  const heads = [...rowsElement.querySelectorAll(".row-head")];
  const cut = heads.map((head) =>
    [...head.querySelectorAll(".cut")].some((text) => text.scrollHeight > text.clientHeight + 1),
  );
  heads.forEach((head, number) => {
    head.querySelector(".rest").hidden = !cut[number] && !head.classList.contains("whole");
  });
}

// One video fills the screen, and leaves it again.
async function fill(screen) {
  if (!screen) return;
  if (document.fullscreenElement) await document.exitFullscreen();
  else if (screen.frame.requestFullscreen) {
    await screen.frame
      .requestFullscreen()
      .catch(() => announce("This browser does not let a page fill the screen"));
  } else screen.video?.webkitEnterFullscreen?.(); // a phone's own player
}

// The video that is meant: under the pointer, else the one that has the focus or is heard.
function meant() {
  const pointed = document.fullscreenElement ?? document.querySelector(".screen:hover");
  const focused = document.activeElement?.closest(".film")?.querySelector(".screen");
  const led = rowElement(playhead.row);
  const heard = playhead.heard && screens.get(playhead.heard.number)?.frame;
  const frame = pointed ?? focused ?? heard ?? led?.querySelector(".screen");
  return frame && frames.get(frame);
}
