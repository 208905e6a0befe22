// One slot of the table: a variant's name, its vote, and its takes side by side, each a screen or
// what stands for it.
const letter = (number) =>
  `Video ${String.fromCodePoint(65 + (number % 26))}${number < 26 ? "" : Math.floor(number / 26)}`;

function nameOf(variant) {
  const [, provider, model] = /^([^/]*)\/(.*)$/s.exec(variant) ?? [null, "", variant];
  return [
    provider && [
      make("bdi", { class: "provider" }, provider),
      make("span", { class: "slash" }, "/"),
    ],
    make("bdi", { class: "model" }, model),
  ];
}

// The takes that are shown: in the blind only what can be seen.
const takesOf = (slot, blind) => (blind ? filmed(slot) : slot.takes);

// `before` are the slots that stand before this one in its row.
function card(slot, number, blind, before) {
  const takes = takesOf(slot, blind);
  const label = blind ? letter(number) : slot.variant;
  const won = state.votes[slot.row]?.variant === slot.variant && !blind;
  const kind = filmed(slot).length ? "video" : takes[0]?.kind;
  return make(
    "article",
    { class: `slot ${kind}${won ? " won" : ""}`, "aria-label": label },
    make(
      "div",
      { class: "title" },
      make(
        "h3",
        {},
        blind ? label : nameOf(slot.variant),
        won && make("span", { class: "best", title: "your pick" }, "★", hidden(" your pick")),
      ),
      filmed(slot).length > 0 && voteButton(slot, number, blind),
    ),
    make(
      "div",
      { class: "films" },
      takes.map((cell, place) =>
        make(
          "div",
          { class: `film ${cell.kind}` },
          cell.kind === "video" ? screenOf(cell).frame : blank(cell),
          takes.length > 1 && make("p", { class: "take" }, `take ${place + 1}`),
          !blind && facts(cell, neighbour(cell, before)),
        ),
      ),
    ),
  );
}

function voteButton(slot, number, blind) {
  const label = blind ? letter(number) : slot.variant;
  return make(
    "button",
    {
      type: "button",
      class: "vote",
      "aria-pressed": voteIn(slot.row, blind)?.variant === slot.variant,
      "aria-disabled": voted(slot.row) ? "true" : null,
      "aria-label": `${label} is best`,
      "data-key": `vote ${slot.row} ${number}`,
      onclick: () => cast(slot.row, number),
    },
    "Best",
    number < 9 && make("kbd", { "aria-hidden": "true" }, number + 1),
  );
}

const HEADS = {
  cannot: "Cannot do this",
  failed: "No video",
  unfinished: data.under_way ? "Under way" : "Not finished",
};

// Where a video would be, and is none.
function blank(cell) {
  const gone = cell.video && !files.has(cell.number);
  const far =
    cell.kind === "unfinished" && known(cell.progress) ? `, ${Math.round(cell.progress)} %` : "";
  return make(
    "div",
    { class: "blank" },
    make("strong", {}, HEADS[cell.kind]),
    make(
      "span",
      {},
      gone
        ? "its file is not here"
        : cell.kind === "cannot"
          ? "nothing was sent"
          : (STATES[cell.state] ?? words(cell.state)) + far,
    ),
  );
}

const STATES = {
  planned: "not begun",
  completed: data.under_way ? "being fetched" : "completed",
  in_progress: "rendering",
};
