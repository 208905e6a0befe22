// The page itself: its head, the tools, the rows, the transport bar, and the keys.
const rowsElement = make("main", { id: "rows" });
const headElement = make("section", { class: "summary", "aria-label": "Summary" });
const toolsElement = make("section", { class: "tools", "aria-label": "Filter and sort" });

let toolsBlind = null;
function draw() {
  if (toolsBlind !== anyBlind()) {
    toolsBlind = anyBlind();
    drawTools();
  }
  drawHead();
  drawRows();
}

function turnBlind() {
  if (data.telling) return announce("The files’ names tell who made them; nothing can be hidden");
  if (state.blind) {
    state.blind = false;
    state.orders = {};
  } else if (finished() && Object.keys(state.votes).length) {
    return ask("Begin a new blind round, and clear the votes of the last?", "Begin", () => {
      state.votes = {};
      turnBlind();
    });
  } else {
    begin();
    hear(null);
    Object.assign(wanted, { text: "", order: "given" });
  }
  toolsBlind = null;
  keep();
  draw();
  announce(anyBlind() ? "Blind: choose the best of each row" : "Not blind");
}

const THEMES = { "": "Theme: auto", light: "Theme: light", dark: "Theme: dark" };
function look(theme) {
  state.theme = theme;
  document.documentElement.dataset.theme = theme;
  themeButton.textContent = THEMES[theme];
}

const blindButton = button("Blind", turnBlind, {
  id: "blind",
  "aria-pressed": "false",
  "aria-keyshortcuts": "b",
});
const themeButton = button(
  "",
  () => {
    look({ "": "dark", dark: "light", light: "" }[state.theme]);
    keep();
  },
  { id: "theme", title: "As the system has it, dark, light" },
);
const help = make(
  "dialog",
  { id: "help", "aria-label": "Keys" },
  make("h2", {}, "Keys"),
  make(
    "dl",
    {},
    [
      ["Space", "play, pause"],
      ["← →", "a second back, on"],
      [", .", "a frame back, on"],
      ["↑ ↓", "the row before, the next"],
      ["1 – 9", "the best of the row"],
      ["0", "none of them"],
      ["u", "take the vote back"],
      ["b", "blind, or not"],
      ["m", "sound on, off"],
      ["f", "one video fills the screen, or not"],
      ["d", "what was sent and measured, open or shut"],
      ["?", "this help"],
    ].map(([key, does]) =>
      make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)),
    ),
  ),
  button("Close", () => help.close(), { class: "primary" }),
);
// Asks before something is lost for good.
const asking = make("dialog", { id: "ask" });
function ask(question, yes, does) {
  asking.replaceChildren(
    make("p", {}, question),
    make(
      "div",
      { class: "answers" },
      button("Keep", () => asking.close(), { class: "quiet" }),
      button(
        yes,
        () => {
          asking.close();
          does();
        },
        { class: "primary" },
      ),
    ),
  );
  asking.showModal();
}
const nothing = make("p", { class: "nothing", hidden: true }, "Nothing fits these filters.");

// On paper everything is open, and the posters stand for the videos.
let before = [];
addEventListener("beforeprint", () => {
  playhead.pause();
  before = [...rowsElement.querySelectorAll("details:not([open])")];
  before.forEach((details) => {
    details.open = true;
  });
});
addEventListener("afterprint", () =>
  before.forEach((details) => {
    details.open = false;
  }),
);

let across = innerWidth;
addEventListener("resize", () => {
  if (across === innerWidth) return;
  across = innerWidth;
  for (const section of rowsElement.children) {
    const row = Number(section.id.slice(4));
    shape(section.querySelector(".slots"), row, wantedSlots(row), blindRow(row));
  }
  cue();
  follow();
});

// A menu shuts when the reader goes elsewhere.
document.addEventListener("pointerdown", ({ target }) => {
  for (const menu of document.querySelectorAll(".menu[open]"))
    if (!menu.contains(target)) menu.open = false;
});

const made = new Date(known(data.created_at) ? data.created_at * 1000 : NaN); // or no date at all
const day =
  !Number.isNaN(made.getTime()) &&
  new Intl.DateTimeFormat("en-GB", { dateStyle: "long" }).format(made);
const size = [
  plural(data.rows.length, "prompt"),
  plural(data.variants.length, "variant"),
  data.repeats > 1 && `${data.repeats} takes each`,
]
  .filter(Boolean)
  .join(", ");
transport.element = transport.make();
document.body.append(
  make(
    "header",
    { class: "top" },
    make(
      "div",
      {},
      make(
        "p",
        { class: "eyebrow" },
        ["rushes compare", day, size !== data.title && size].filter(Boolean).join(" · "),
      ),
      said("h1", data.title),
    ),
    make(
      "nav",
      { "aria-label": "View" },
      blindButton,
      themeButton,
      button("?", KEYS["?"], { "aria-label": "Keys", id: "keys" }),
    ),
  ),
  headElement,
  toolsElement,
  nothing,
  rowsElement,
  make(
    "footer",
    {},
    "Every video was opened and measured on the machine that made this page; nothing in it is fetched from elsewhere.",
    data.local.length > 0 &&
      make(
        "p",
        { id: "local" },
        "Providers on that machine itself were stand-ins: their videos say nothing about what the real ones make.",
      ),
  ),
  transport.element,
  status,
  help,
  asking,
);
look(state.theme);
draw();
document.getElementById("data").remove();
document.getElementById("plain").remove();
lookAgain();
