// Search, filters, order, and the menu of votes.
import { data } from "./data.js";
import { confirm } from "./dialogs.js";
import { announce, button, dropdown, forScreenReaders, make } from "./dom.js";
import { filters, ORDERS } from "./filters.js";
import { pageChanged } from "./signals.js";
import { plural } from "./text.js";
import { anyBlind, exportVotes, importVotes, save, startBlind, state } from "./votes.js";

/** @import { Order } from "./filters.js" */
/** @import { Attributes, Kind } from "./types.js" */

export const toolsElement = make("section", { class: "tools", "aria-label": "Filter and sort" });

/** @type {boolean | null} Whether the page was blind when the tools were drawn. */
let drawnBlind = null;

// Redraws the tools only if blind mode has begun or ended, so that a text field in use stays.
export function updateTools() {
  if (drawnBlind !== anyBlind()) drawTools();
}

export function drawTools() {
  drawnBlind = anyBlind();
  const search = make("label", { class: "field search" }, forScreenReaders("Search"), searchBox());
  toolsElement.replaceChildren(search, ...(drawnBlind ? [] : filterTools()), votesMenu());
}

function searchBox() {
  const box = make("input", {
    type: "search",
    id: "search",
    value: filters.text,
    placeholder: anyBlind() ? "Search the prompts" : "Search prompts, variants, errors",
    oninput: () => {
      filters.text = box.value.toLowerCase();
      pageChanged.send();
    },
    "data-key": "search",
  });
  return box;
}

function filterTools() {
  /** @type {[Kind | "all", string][]} */
  const kinds = [
    ["all", "everything"],
    ["video", "videos"],
    ["cannot", "cannot"],
    ["failed", "failed"],
    ["unfinished", "unfinished"],
  ];
  const orders = ORDERS.map(
    /** @returns {[Order, string]} */
    (name) => [name, name === "given" ? "as given" : `by ${name}`],
  );
  return [
    ...(data.variants.length > 1 ? [variantsMenu()] : []),
    dropdown("Show", { id: "state" }, kinds, filters.kind, (kind) => {
      filters.kind = kind;
      pageChanged.send();
    }),
    dropdown("Sort", { id: "order" }, orders, filters.order, (order) => {
      filters.order = order;
      pageChanged.send();
    }),
    make(
      "label",
      { class: "checkbox" },
      checkbox({ id: "broken" }, filters.broken, (checked) => {
        filters.broken = checked;
        pageChanged.send();
      }),
      "broken promises only",
    ),
  ];
}

/** @param {Attributes} attributes @param {boolean} checked @param {(checked: boolean) => void} act */
function checkbox(attributes, checked, act) {
  const box = make("input", { type: "checkbox", checked, ...attributes });
  box.addEventListener("change", () => act(box.checked));
  return box;
}

function variantsMenu() {
  const variants = data.variants.map((variant) =>
    make(
      "label",
      {},
      checkbox({}, !filters.without.has(variant), (checked) => {
        if (checked) filters.without.delete(variant);
        else filters.without.add(variant);
        pageChanged.send();
      }),
      make("bdi", {}, variant),
    ),
  );
  return make(
    "details",
    { class: "menu", id: "variants" },
    make("summary", {}, "Variants"),
    make("div", {}, variants),
  );
}

function votesMenu() {
  return make(
    "details",
    { class: "menu votes", id: "votes" },
    make("summary", {}, "Votes"),
    make(
      "div",
      {},
      button("Export", download, { id: "export" }),
      button("Import", upload, { id: "import" }),
      button("Clear", clearVotes, { id: "clear" }),
    ),
  );
}

export function download() {
  const address = URL.createObjectURL(new Blob([exportVotes()], { type: "application/json" }));
  make("a", { href: address, download: `votes-${data.id.replace(/[^\w-]/g, "_")}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function upload() {
  const chooser = make("input", { type: "file", accept: ".json,application/json" });
  chooser.addEventListener("change", async () => {
    const file = chooser.files?.[0];
    if (!file) return;
    try {
      announce(`${plural(importVotes(await file.text()), "vote")} imported`);
      pageChanged.send();
    } catch (error) {
      announce(error instanceof Error ? error.message : String(error));
    }
  });
  chooser.click();
}

function clearVotes() {
  const count = state.votes.size + state.pairs.size;
  if (!count) return announce("No votes");
  confirm(`Clear ${plural(count, "vote")} for good?`, "Clear", () => {
    state.votes.clear();
    state.pairs.clear();
    if (state.blind) startBlind();
    save();
    pageChanged.send();
    announce("No votes");
  });
}

// Closes a menu when the reader clicks or moves elsewhere.
export function closeMenusOnLeaving() {
  document.addEventListener("pointerdown", ({ target }) => {
    for (const menu of document.querySelectorAll(".menu[open]"))
      if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute("open");
  });
}
