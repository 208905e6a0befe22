// The rows: which of them, and which of their slots, the reader wants to see; and the votes.
const wanted = { text: "", state: "all", broken: false, order: "given", without: new Set() };

// While anything is blind only a prompt may be searched: any other filter would tell who is who.
function wantedSlots(row) {
  const blind = blindRow(row);
  if (blind)
    return state.orders[row]
      .map((variant) => slotOf(row, variant))
      .filter((slot) => filmed(slot).length);
  const order =
    anyBlind() && state.orders[row] ? state.orders[row] : sorted(data.variants, wanted.order);
  return order.map((variant) => slotOf(row, variant)).filter((slot) => anyBlind() || fits(slot));
}

const slotOf = (row, variant) => slots[row].find((slot) => slot.variant === variant);

function fits(slot) {
  if (wanted.without.has(slot.variant)) return false;
  if (wanted.state !== "all" && !slot.takes.some((cell) => cell.kind === wanted.state))
    return false;
  if (wanted.broken && !slot.takes.some((cell) => cell.broken)) return false;
  return (
    rowSays(slot.row) ||
    says([
      slot.variant,
      ...slot.takes.flatMap((cell) => [
        cell.state,
        cell.failure?.message,
        cell.failure?.reason,
        ...cell.problems.map((one) => one.message),
      ]),
    ])
  );
}

const says = (texts) => texts.some((text) => text && text.toLowerCase().includes(wanted.text));
const rowSays = (row) => !wanted.text || says([data.rows[row].name, prompt(data.rows[row])]);

function drawRow(row) {
  const blind = blindRow(row);
  const list = wantedSlots(row);
  const section = make("section", {
    class: `row${blind ? " blind" : ""}`,
    id: `row-${row}`,
    "aria-labelledby": `row-${row}-prompt`,
    tabindex: "-1",
    hidden: (list.length === 0 && !blind) || (anyBlind() && !rowSays(row)),
  });
  const grid = make(
    "div",
    { class: "slots" },
    list.map((slot, number) => card(slot, number, blind, list.slice(0, number))),
  );
  shape(grid, row, list, blind);
  section.append(rowHead(row, blind, list), grid);
  section.addEventListener("pointerdown", () => select(row));
  section.addEventListener("focusin", () => select(row));
  return section;
}

function rowHead(row, blind, list) {
  const { name, request } = data.rows[row];
  const rest = Object.entries(request).filter(
    ([field, value]) => field !== "prompt" && known(value),
  );
  const text = prompt(data.rows[row]);
  return make(
    "header",
    { class: `row-head${whole.has(row) ? " whole" : ""}` },
    make(
      "div",
      {},
      make(
        "ul",
        { class: "eyebrow settings" },
        make(
          "li",
          { class: "cut" },
          `Row ${row + 1}`,
          name !== String(row + 1) && [" · ", make("bdi", {}, inSight(name))],
        ),
        rest.map(([field, value]) =>
          make(
            "li",
            { dir: "auto", class: "cut" },
            make("span", {}, words(field)),
            " ",
            inSight(typeof value === "string" ? value : JSON.stringify(value)),
          ),
        ),
      ),
      said("h2", text || name, { id: `row-${row}-prompt`, class: "cut" }),
      make(
        "button",
        {
          type: "button",
          class: "quiet rest",
          "aria-expanded": whole.has(row),
          "data-key": `rest ${row}`,
          onclick: () => {
            if (!whole.delete(row)) whole.add(row);
            redraw(row);
          },
        },
        whole.has(row) ? "Show less" : "Show all of it",
      ),
    ),
    list.some((slot) => filmed(slot).length) && ballot(row, blind),
  );
}

function ballot(row, blind) {
  const vote = voteIn(row, blind);
  const told = !vote
    ? "Which is best?"
    : state.blind && blind
      ? "Voted; shown at the end"
      : vote.variant === null
        ? "You picked none"
        : "You picked one";
  return make(
    "div",
    { class: "ballot" },
    make("span", { class: "soft" }, told),
    make(
      "button",
      {
        type: "button",
        class: "quiet",
        "aria-pressed": vote?.variant === null,
        "aria-disabled": voted(row) ? "true" : null,
        "data-key": `none ${row}`,
        onclick: () => cast(row, null),
      },
      "None ",
      make("kbd", { "aria-hidden": "true" }, "0"),
    ),
    vote &&
      make(
        "button",
        { type: "button", class: "quiet", "data-key": `undo ${row}`, onclick: () => takeBack(row) },
        "Undo ",
        make("kbd", { "aria-hidden": "true" }, "u"),
      ),
  );
}

// A row fits the window, where it can: the fewest lines, the same number of slots in each (eight
// are four and four, not six and two), and smaller pictures where those would be too high.
const GAP = 20;
const TOLD = 165; // pixels above and below a picture
const HEAD = 170; // pixels that a row's head and the transport take from the window
// How wide a slot and a take are at least, in pixels, where pictures are wide, and where tall.
const WIDTHS = { wide: { slot: 270, take: 200 }, tall: { slot: 220, take: 160 } };
function shape(grid, row, list, blind) {
  const [width, height] = ratio(row);
  const least = WIDTHS[width < height ? "tall" : "wide"];
  const across = rowsElement.clientWidth + GAP;
  const fit = (size) => Math.max(1, Math.floor(across / size));
  const balanced = (count, most) => Math.ceil(count / Math.ceil(count / most)) || 1;
  const most = Math.max(1, ...list.map((slot) => takesOf(slot, blind).length));
  const takes = balanced(most, fit(least.take));
  const side = fit(takes > 1 ? takes * least.take : least.slot);
  const rowHeight = (columns) => {
    const picture = ((across / columns - GAP) / takes) * (height / width);
    return Math.ceil(list.length / columns) * Math.ceil(most / takes) * (picture + TOLD);
  };
  // One alone is not as wide as the window.
  let columns = Math.max(balanced(list.length, side), takes > 1 ? 1 : Math.min(side, 2));
  while (columns < side && rowHeight(columns) > innerHeight - HEAD) columns += 1;
  grid.style.setProperty("--columns", columns);
  grid.style.setProperty("--takes", takes);
  grid.style.setProperty("--ratio", `${width} / ${height}`);
}

// The form of a row's screens: what was asked for, else the first video's.
function ratio(row) {
  const asked = /^(\d{1,4}):(\d{1,4})$/.exec(data.rows[row].request.aspect_ratio ?? "");
  const film = slots[row].flatMap(filmed)[0]?.video;
  const [width, height] = asked
    ? [Number(asked[1]), Number(asked[2])]
    : [film?.width, film?.height];
  return width > 0 && height > 0 ? [width, height] : [16, 9];
}

// What had the focus before has it again: the elements are new, their keys are not. The row that
// is led stays where it was on the screen.
function kept(change) {
  const key = document.activeElement?.dataset?.key;
  const top = () => document.getElementById(`row-${playhead.row}`)?.getBoundingClientRect().top;
  const before = top(); // nothing, when the page is drawn for the first time
  change();
  if (before < innerHeight) scrollBy({ top: (top() ?? before) - before, behavior: "instant" });
  if (key)
    document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

function redraw(row) {
  kept(() => {
    document.getElementById(`row-${row}`).replaceWith(drawRow(row));
    cue();
  });
  select(playhead.row);
  tidy();
}

function cast(row, number) {
  const slot = number === null ? null : wantedSlots(row)[number];
  if (number !== null && !(slot && filmed(slot).length)) return;
  if (voted(row)) {
    announce(`Row ${row + 1} has its blind vote; u takes it back`);
    return;
  }
  const before = anyBlind();
  vote(row, slot?.variant ?? null);
  announce(
    number === null
      ? `Row ${row + 1}: none of them`
      : `Row ${row + 1}: ${blindRow(row) ? letter(number) : slot.variant} is best`,
  );
  if (before) draw();
  else {
    redraw(row);
    drawHead();
  }
}

function takeBack(row) {
  if (!state.votes[row]) return;
  undo(row);
  announce(`Row ${row + 1}: the vote is taken back`);
  draw();
}

// Videos of slots that are no longer in the document are let go.
function tidy() {
  for (const [number, screen] of screens) {
    if (screen.frame.isConnected) continue;
    near.unobserve(screen.frame);
    screen.unload();
    screens.delete(number);
  }
}
