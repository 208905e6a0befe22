// The page itself: it puts the parts together, and decides what is drawn when.
import "./halted.js";
import { data } from "./data.js";
import { confirmDialog, helpDialog } from "./dialogs.js";
import { find, findAll, make, status } from "./dom.js";
import { header, setTheme, showBlind } from "./header.js";
import { listenToKeys } from "./keys.js";
import { drawNumbers, numbersElement } from "./numbers.js";
import { pairPlayhead, pairsDialog, showPairPlays } from "./pairs.js";
import { playhead } from "./playhead.js";
import { drawRows, layOutOnResize, nothingFound, redrawRow } from "./rows.js";
import { pageChanged, rowChanged } from "./signals.js";
import { drawSummary, summaryElement } from "./summary.js";
import { closeMenusOnLeaving, toolsElement, updateTools } from "./tools.js";
import { showPlayhead, transport } from "./transport.js";
import { reloadWhileUnderWay } from "./underway.js";
import { followScrolling, rowsElement } from "./view.js";
import { restore, state } from "./votes.js";

function draw() {
  updateTools();
  showBlind();
  drawSummary();
  drawNumbers();
  drawRows();
}

pageChanged.listen(draw);
rowChanged.listen((row) => {
  redrawRow(row);
  drawSummary();
  drawNumbers();
});
playhead.changed.listen(showPlayhead);
pairPlayhead.changed.listen(showPairPlays);

// In print everything is open, and posters replace the videos.
/** @type {HTMLElement[]} */
let opened = [];
addEventListener("beforeprint", () => {
  playhead.pause();
  opened = findAll("details:not([open])", rowsElement);
  opened.forEach((details) => details.setAttribute("open", ""));
});
addEventListener("afterprint", () => opened.forEach((details) => details.removeAttribute("open")));

const standIns =
  "Some providers were stand-ins running on that machine; their videos say nothing about the real ones.";
const footer = make(
  "footer",
  {},
  "Every video was opened and measured on the machine that made this page; the page itself loads nothing from the network.",
  data.local.length > 0 && make("p", { id: "local" }, standIns),
);

restore();
document.body.append(
  header,
  summaryElement,
  numbersElement,
  toolsElement,
  nothingFound,
  rowsElement,
  footer,
  transport,
  status,
  helpDialog,
  confirmDialog,
  pairsDialog,
);
setTheme(state.theme);
draw();
find("#data").remove();
find("#plain").remove();
followScrolling();
layOutOnResize();
closeMenusOnLeaving();
listenToKeys();
reloadWhileUnderWay();
