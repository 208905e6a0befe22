// What is above the rows: the summary, or the rules of blind mode; filters, order, the votes' menu.
function drawHead() {
  const blind = anyBlind();
  const left = votable().filter((row) => !voted(row)).length;
  kept(() =>
    headElement.replaceChildren(
      ...[
        progress(),
        figures(),
        blind
          ? make(
              "div",
              { class: "hint" },
              make(
                "p",
                {},
                make("b", {}, "Blind. "),
                "Names, payloads and measurements are hidden and each row is shuffled. ",
                `Choose the best of each row; ${plural(left, "row")} to go.`,
              ),
              select_(
                "Show who is who",
                { id: "reveal" },
                [
                  ["vote", "after each vote"],
                  ["end", "at the end"],
                ],
                state.reveal,
                (value) => {
                  state.reveal = value;
                  keep();
                  draw();
                },
              ),
            )
          : overview(wanted.order),
      ].filter(Boolean),
    ),
  );
  blindButton.setAttribute("aria-pressed", String(state.blind));
  blindButton.textContent = blind ? "Reveal" : "Blind";
}

function drawTools() {
  const change = (name) => (value) => {
    wanted[name] = value;
    draw();
  };
  const variants = data.variants.map((variant) =>
    make(
      "label",
      {},
      make("input", {
        type: "checkbox",
        checked: !wanted.without.has(variant),
        onchange: (event) => {
          if (event.target.checked) wanted.without.delete(variant);
          else wanted.without.add(variant);
          draw();
        },
      }),
      make("bdi", {}, variant),
    ),
  );
  const search = make(
    "label",
    { class: "field search" },
    hidden("Search"),
    make("input", {
      type: "search",
      id: "search",
      value: wanted.text,
      placeholder: anyBlind() ? "Search the prompts" : "Search prompts, variants, errors",
      oninput: (event) => change("text")(event.target.value.toLowerCase()),
      "data-key": "search",
    }),
  );
  toolsElement.replaceChildren(
    ...[
      search,
      ...(anyBlind()
        ? []
        : [
            data.variants.length > 1 &&
              make(
                "details",
                { class: "menu", id: "variants" },
                make("summary", {}, "Variants"),
                make("div", {}, variants),
              ),
            select_(
              "Show",
              { id: "state" },
              [
                ["all", "everything"],
                ["video", "videos"],
                ["cannot", "cannot"],
                ["failed", "failed"],
                ["unfinished", "unfinished"],
              ],
              wanted.state,
              change("state"),
            ),
            select_(
              "Sort",
              { id: "order" },
              Object.keys(ORDERS).map((name) => [
                name,
                name === "given" ? "as given" : `by ${name}`,
              ]),
              wanted.order,
              change("order"),
            ),
            make(
              "label",
              { class: "check" },
              make("input", {
                type: "checkbox",
                id: "broken",
                checked: wanted.broken,
                onchange: (event) => change("broken")(event.target.checked),
              }),
              "broken promises only",
            ),
          ]),
      votesMenu(),
    ].filter(Boolean),
  );
}

function votesMenu() {
  const choose = () =>
    make("input", { type: "file", accept: ".json,application/json", onchange: upload }).click();
  return make(
    "details",
    { class: "menu votes", id: "votes" },
    make("summary", {}, "Votes"),
    make(
      "div",
      {},
      button("Export", download, { id: "export" }),
      button("Import", choose, { id: "import" }),
      button("Clear", clearVotes, { id: "clear" }),
    ),
  );
}

function clearVotes() {
  const count = Object.keys(state.votes).length;
  if (!count) return announce("No votes");
  ask(`Clear ${plural(count, "vote")} for good?`, "Clear", () => {
    state.votes = {};
    if (state.blind) begin();
    keep();
    draw();
    announce("No votes");
  });
}

function drawRows() {
  kept(() => {
    rowsElement.replaceChildren(...data.rows.map((_, row) => drawRow(row)));
    cue();
  });
  const none = [...rowsElement.children].every((section) => section.hidden);
  nothing.hidden = !none;
  tidy();
  mark();
  follow();
}

function download() {
  const address = URL.createObjectURL(new Blob([exported()], { type: "application/json" }));
  make("a", { href: address, download: `votes-${data.id.replace(/[^\w-]/g, "_")}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

async function upload(event) {
  try {
    announce(`${plural(imported(await event.target.files[0].text()), "vote")} taken over`);
    draw();
  } catch (error) {
    announce(error.message);
  }
}
