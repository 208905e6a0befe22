// Elements are made of names and text; nothing that came from outside is ever read as HTML.
function make(tag, given = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    const whether = typeof value === "boolean" && !name.startsWith("aria-"); // there, or not there
    if (value === undefined || value === null || (whether && !value)) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, whether ? "" : String(value));
  }
  const parts = inside
    .flat(3)
    .filter((part) => part !== null && part !== undefined && part !== false);
  element.append(...parts);
  return element;
}

// A stranger's text stands by itself: its direction is its own, and a mark that cannot be seen, or
// turns what is around it, is shown by its number, as in a payload.
const UNSEEN =
  /[\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu;
const inSight = (text) =>
  String(text).replace(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
const said = (tag, text, given = {}) => make(tag, { dir: "auto", ...given }, inSight(text));
const hidden = (text) => make("span", { class: "unseen" }, text);

const known = (value) => value !== null && value !== undefined;
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const words = (state) => state.replaceAll("_", " ");

const seconds = (value) =>
  value >= 100 ? `${Math.round(value)} s` : `${Number(value.toFixed(value >= 10 ? 1 : 2))} s`;
const clock = (value) => {
  const tenths = Math.floor(value * 100 + 1e-6);
  const pad = (number) => String(number).padStart(2, "0");
  return `${Math.floor(tenths / 6000)}:${pad(Math.floor(tenths / 100) % 60)}.${pad(tenths % 100)}`;
};
const dollars = (value) => `$${value.toFixed(value !== 0 && Math.abs(value) < 0.095 ? 4 : 2)}`;
const megabytes = (bytes) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;
const bits = (rate) =>
  rate >= 1e6 ? `${(rate / 1e6).toFixed(1)} Mbit/s` : `${Math.round(rate / 1e3)} kbit/s`;

// Announces to screen readers, and shows for a moment, what a key has done.
const status = make("div", { role: "status", class: "status" });
let fading = 0;
function announce(text) {
  status.textContent = text;
  status.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => status.classList.remove("shown"), 2500);
}
