// One slot of the table: the screen or what stands for it, its name, its vote, its takes.
const takes = new Map();

const placeOf = (slot) => `${slot.row} ${slot.variant}`;
const letter = (number) =>
  `Video ${String.fromCodePoint(65 + (number % 26))}${number < 26 ? "" : Math.floor(number / 26)}`;

function nameOf(variant) {
  const [, provider, model] = /^([^/]*)\/(.*)$/s.exec(variant) ?? [null, "", variant];
  return [
    provider && make("bdi", { class: "provider" }, provider),
    make("bdi", { class: "model" }, model),
  ];
}

// The take that is shown: the one that was chosen, else the first that has a video.
function shown(slot, blind) {
  const all = blind ? filmed(slot) : slot.takes;
  const chosen = all.find((cell) => cell.number === takes.get(placeOf(slot)));
  return chosen ?? all.find((cell) => cell.kind === "video") ?? all[0];
}

function card(slot, number, blind) {
  const cell = shown(slot, blind);
  const label = blind ? letter(number) : slot.variant;
  const won = state.votes[slot.row]?.variant === slot.variant && !blind;
  const made = filmed(slot).length > 0;
  return make(
    "article",
    { class: `slot ${cell?.kind ?? "cannot"}${won ? " won" : ""}`, "aria-label": label },
    cell?.kind === "video" ? stage(cell) : blank(cell),
    make(
      "div",
      { class: "title" },
      make(
        "h3",
        {},
        blind ? label : nameOf(slot.variant),
        won && make("span", { class: "best" }, "★ your pick"),
      ),
      made && choice(slot, number, blind),
    ),
    slot.takes.length > 1 && takeButtons(slot, number, cell, blind),
    !blind && cell && facts(cell),
  );
}

function stage(cell) {
  const { frame } = screenOf(cell);
  frame.onclick = () => playhead.toggle();
  return frame;
}

function choice(slot, number, blind) {
  const cell = shown(slot, blind);
  const pressed = voteIn(slot.row, blind)?.variant === slot.variant;
  const what = blind ? letter(number) : slot.variant;
  const heard = playhead.heard === cell;
  return make(
    "div",
    { class: "choice" },
    make(
      "button",
      {
        type: "button",
        class: "quiet listen",
        "aria-pressed": heard,
        "aria-label": `Hear ${what}`,
        title: "Hear this one",
        "data-key": `hear ${slot.row} ${number}`,
        onclick: () => hear(playhead.heard === cell ? null : cell),
      },
      "♪",
    ),
    make(
      "button",
      {
        type: "button",
        class: "vote",
        "aria-pressed": pressed,
        "aria-label": `${what} is best`,
        "data-key": `vote ${slot.row} ${number}`,
        onclick: () => cast(slot.row, number),
      },
      "Best",
      number < 9 && make("kbd", { "aria-hidden": "true" }, number + 1),
    ),
  );
}

function takeButtons(slot, number, cell, blind) {
  const all = blind ? filmed(slot) : slot.takes;
  if (all.length < 2) return null;
  return make(
    "div",
    { class: "takes", role: "group", "aria-label": "Repetitions" },
    all.map((one, place) =>
      make(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-pressed": one === cell,
          "data-key": `take ${slot.row} ${number} ${place}`,
          onclick: () => {
            takes.set(placeOf(slot), one.number);
            redraw(slot.row);
          },
        },
        `take ${place + 1}`,
      ),
    ),
  );
}

// Where a video would be, and is none.
function blank(cell) {
  const heads = { cannot: "Cannot do this", failed: "No video", unfinished: "Not finished" };
  const kind = cell?.kind ?? "cannot";
  const gone = cell?.video && !files.has(cell.number);
  const far = kind === "unfinished" && known(cell.progress) ? `, ${Math.round(cell.progress)} %` : "";
  return make(
    "div",
    { class: "blank" },
    make("strong", {}, heads[kind]),
    make(
      "span",
      {},
      gone
        ? "its file is not here"
        : kind === "cannot"
          ? "nothing was sent"
          : words(cell.state) + far,
    ),
  );
}
