// What one reads at a glance: how many videos, who kept its word, what it cost, who was voted for.
function figures() {
  const videos = data.cells.filter((cell) => cell.kind === "video").length;
  const judged = data.cells.flatMap((cell) => cell.promises).filter((one) => one.kept !== null);
  const kept = judged.filter((one) => one.kept).length;
  const cost = costOf(data.cells);
  const none = data.cells.filter((cell) => cell.kind !== "video");
  const kinds = ["cannot", "failed", "unfinished"].map((kind) => [
    none.filter((cell) => cell.kind === kind).length,
    kind,
  ]);
  return make(
    "dl",
    { class: "figures" },
    figure(
      "Videos",
      videos,
      `of ${data.cells.length}`,
      kinds
        .filter(([count]) => count)
        .map(([count, kind]) => `${count} ${kind}`)
        .join(", "),
    ),
    judged.length > 0 &&
      !anyBlind() &&
      figure(
        "Promises kept",
        kept,
        `of ${judged.length}`,
        kept < judged.length ? `${judged.length - kept} broken` : "every one",
      ),
    !anyBlind() &&
      figure(
        "Cost",
        costSaid(cost),
        "",
        [
          cost.unknown > 0 &&
            cost.unknown < cost.asked &&
            `${cost.unknown} of ${cost.asked} unknown`,
          cost.guessed && "partly estimated",
        ]
          .filter(Boolean)
          .join(", "),
      ),
    votable().length > 0 &&
      figure("Votes", Object.keys(state.votes).length, `of ${plural(votable().length, "row")}`, ""),
  );
}

function figure(term, value, of, more) {
  return make(
    "div",
    {},
    make("dt", {}, term),
    make("dd", {}, make("b", {}, value), of && ` ${of}`, more && make("small", {}, more)),
  );
}

function overview(order) {
  const asked = PROMISES.filter((name) =>
    data.cells.some((cell) => cell.promises.some((one) => one.name === name)),
  );
  const head = make(
    "tr",
    {},
    make("th", { scope: "col" }, "Variant"),
    make("th", { scope: "col" }, "videos"),
    asked.map((name) => make("th", { scope: "col" }, words(name))),
    ["mean time", "cost", "votes"].map((name) =>
      make("th", { scope: "col", class: "number" }, name),
    ),
  );
  return make(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": "Variants and promises" },
    make(
      "table",
      { class: "overview" },
      make("caption", { class: "unseen" }, "What each variant promised and kept"),
      make("thead", {}, head),
      make(
        "tbody",
        {},
        sorted(data.variants, order).map((variant) => line(variant, asked)),
      ),
    ),
  );
}

function line(variant, asked) {
  const cells = cellsOf(variant);
  const made = cells.filter((cell) => cell.kind === "video").length;
  const [time, votes] = [meanOf(variant, "time"), votesFor(variant)];
  const most = Math.max(1, ...data.variants.map(votesFor));
  const tally = make(
    "td",
    { class: "number tally" },
    make("i", { "aria-hidden": "true" }),
    make("span", {}, votes || "–"),
  );
  tally.firstChild.style.setProperty("width", `${(60 * votes) / most}%`);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, nameOf(variant)),
    make("td", { class: made < cells.length ? "short" : "" }, `${made} of ${cells.length}`),
    asked.map((name) =>
      word(cells.flatMap((cell) => cell.promises).filter((one) => one.name === name)),
    ),
    make("td", { class: "number" }, time === Infinity ? "–" : seconds(time)),
    make("td", { class: "number" }, costSaid(costOf(cells))),
    tally,
  );
}

function word(promises) {
  const [kept, broken] = [true, false].map(
    (value) => promises.filter((one) => one.kept === value).length,
  );
  if (!promises.length)
    return make(
      "td",
      { class: "none" },
      hidden("not asked"),
      make("span", { "aria-hidden": "true" }, "·"),
    );
  if (!kept && !broken) return make("td", { class: "open" }, "? ", hidden("cannot tell"));
  return make(
    "td",
    { class: broken ? "broke" : "held" },
    make(
      "span",
      {},
      make("span", { "aria-hidden": "true" }, broken ? "✕ " : "✓ "),
      `${kept} of ${kept + broken}`,
      hidden(broken ? " kept, broken" : " kept"),
    ),
  );
}
