// The merged votes of several people: a table for each pool. The numbers and the sentences were
// computed by “rushes votes merge”; the page only shows them.
import { variantName } from "./cell.js";
import { data } from "./data.js";
import { make } from "./dom.js";
import { escapeInvisible, plural } from "./text.js";

/** @import { PoolRatings, Standing } from "./types.js" */

export function ratingsSection() {
  if (!data.ratings?.pools.length) return null;
  const { pools, voters } = data.ratings;
  return make(
    "section",
    { class: "ratings", "aria-label": "Ratings" },
    make("h2", {}, "Ratings by ", plural(voters, "person").replace("persons", "people")),
    make(
      "p",
      { class: "soft" },
      "From votes between two videos. 400 points more stand for ten wins against one loss; 1000 is the average. The line shows the 95 % interval.",
    ),
    pools.map((pool, number) => poolTable(pool, data.pool_titles[number])),
  );
}

/** @param {PoolRatings} pool @param {string} title */
function poolTable(pool, title) {
  const low = Math.min(...pool.standings.map((one) => one.low));
  const high = Math.max(...pool.standings.map((one) => one.high));
  return make(
    "div",
    { class: "pool" },
    make(
      "div",
      { class: "scrollable", tabindex: "0", role: "region", "aria-label": `Ratings: ${title}` },
      make(
        "table",
        { class: "overview" },
        make("caption", {}, `${title} · ${plural(pool.pairs, "pair")}`),
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            make("th", { scope: "col" }, "Variant"),
            make("th", { scope: "col", class: "number" }, "rating"),
            make("th", { scope: "col" }, "95 % interval"),
            ["won", "lost", "tied", "both bad", "best of row"].map((name) =>
              make("th", { scope: "col", class: "number" }, name),
            ),
          ),
        ),
        make(
          "tbody",
          {},
          pool.standings.map((one) => standingRow(one, low, high)),
        ),
      ),
    ),
    make(
      "ul",
      { class: "said" },
      pool.said.map((sentence) => make("li", { dir: "auto" }, escapeInvisible(sentence))),
    ),
  );
}

/** @param {Standing} one @param {number} low @param {number} high */
function standingRow(one, low, high) {
  /** @param {number} rating */
  const at = (rating) => (100 * (rating - low)) / Math.max(high - low, 1);
  const bar = make("i", {});
  bar.style.setProperty("margin-inline-start", `${at(one.low)}%`);
  bar.style.setProperty("width", `${at(one.high) - at(one.low)}%`);
  const dot = make("b", {});
  dot.style.setProperty("inset-inline-start", `${at(one.rating)}%`);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, variantName(one.variant)),
    make("td", { class: "number" }, Math.round(one.rating)),
    make(
      "td",
      { class: "interval" },
      make("span", { class: "interval-bar", "aria-hidden": "true" }, bar, dot),
      `${Math.round(one.low)} to ${Math.round(one.high)}`,
    ),
    [one.wins, one.losses, one.ties, one.both_bad, one.best_of_row].map((count) =>
      make("td", { class: "number" }, count || "–"),
    ),
  );
}
