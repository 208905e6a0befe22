// The head of the page: its title, blind mode, the theme, and the help.
import { data } from "./data.js";
import { confirm, toggleHelp } from "./dialogs.js";
import { announce, button, foreign, make } from "./dom.js";
import { filters } from "./filters.js";
import { allPairs, openPairs } from "./pairs.js";
import { playhead } from "./playhead.js";
import { pageChanged } from "./signals.js";
import { isKnown, plural } from "./text.js";
import { drawTools } from "./tools.js";
import { allVoted, anyBlind, save, startBlind, state } from "./votes.js";

/** @import { Theme } from "./types.js" */

const blindButton = button("Blind", toggleBlind, {
  id: "blind",
  "aria-pressed": "false",
  "aria-keyshortcuts": "b",
});

export function toggleBlind() {
  if (data.revealing)
    return announce("The file names reveal who made the videos; nothing can be hidden");
  if (state.blind) {
    state.blind = false;
    state.orders.clear();
  } else if (allVoted() && state.votes.size) {
    return confirm("Start a new blind round and clear the votes of the last?", "Start", () => {
      state.votes.clear();
      toggleBlind();
    });
  } else {
    startBlind();
    playhead.setAudible(null);
    Object.assign(filters, { text: "", order: "given" });
  }
  drawTools();
  save();
  pageChanged.send();
  announce(anyBlind() ? "Blind: choose the best of each row" : "Not blind");
}

export function startPairs() {
  if (data.revealing)
    return announce("The file names reveal who made the videos; nothing can be hidden");
  if (!allPairs().length) return announce("There are no two videos to choose between");
  openPairs();
}

export function showBlind() {
  blindButton.setAttribute("aria-pressed", String(state.blind));
  blindButton.textContent = anyBlind() ? "Reveal" : "Blind";
}

/** @type {Record<Theme, { label: string, next: Theme }>} */
const THEMES = {
  "": { label: "Theme: auto", next: "dark" },
  dark: { label: "Theme: dark", next: "light" },
  light: { label: "Theme: light", next: "" },
};

const themeButton = button(
  "",
  () => {
    setTheme(THEMES[state.theme].next);
    save();
  },
  { id: "theme", title: "System, dark, light" },
);

/** @param {Theme} theme */
export function setTheme(theme) {
  state.theme = theme;
  document.documentElement.dataset.theme = theme;
  themeButton.textContent = THEMES[theme].label;
}

export const header = make(
  "header",
  { class: "page-head" },
  make("div", {}, make("p", { class: "eyebrow" }, eyebrow()), foreign("h1", data.title)),
  make(
    "nav",
    { "aria-label": "View" },
    allPairs().length > 0 &&
      button("Pairs", startPairs, { id: "start-pairs", "aria-keyshortcuts": "p" }),
    blindButton,
    themeButton,
    button("?", toggleHelp, { "aria-label": "Keys", id: "keys" }),
  ),
);

function eyebrow() {
  const parts = [
    plural(data.rows.length, "prompt"),
    plural(data.variants.length, "variant"),
    data.repeats > 1 ? `${data.repeats} takes each` : "",
  ];
  const size = parts.filter(Boolean).join(", ");
  const texts = ["rushes compare", creationDay(), size !== data.title ? size : ""];
  return texts.filter(Boolean).join(" · ");
}

// Empty if the time is unknown, or outside the range of dates.
function creationDay() {
  const created = new Date(isKnown(data.created_at) ? data.created_at * 1000 : NaN);
  if (Number.isNaN(created.getTime())) return "";
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long" }).format(created);
}
