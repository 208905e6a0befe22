// What is shown under a screen: why there is no video, the promises, the cost, the time, and
// sections to open: what was sent, what was measured, the notes.
import { files, isBought, slots } from "./data.js";
import { findAll, foreign, forScreenReaders, make } from "./dom.js";
import { diffPayloads } from "./payload.js";
import { bitRate, dollars, escapeInvisible, isKnown, megabytes } from "./text.js";
import { plural, seconds, words } from "./text.js";

/** @import { Child, Failure, CheckFinding, Line, Promise, ShownCell, Stretch, Video } from "./types.js" */

/** @typedef {"sent" | "measured" | "notes"} SectionKind */

/** @type {Set<string>} The sections that are open, as "row kind". */
export const openSections = new Set();

/** @param {ShownCell} cell @param {ShownCell | undefined} other the one its payload is compared with */
export function facts(cell, other) {
  return [
    cell.failure && failure(cell.failure),
    findings(cell.problems, "problems"),
    cell.video && foreign("p", videoLine(cell.video), { class: "specs" }),
    cell.promises.length > 0 && promises(cell.promises),
    money(cell),
    cell.time !== null && timing(cell),
    make(
      "div",
      { class: "sections" },
      cell.sent !== null && sentSection(cell, other),
      cell.video && section(cell, "measured", "Measured", measured(cell, cell.video)),
      cell.notes.length > 0 &&
        section(cell, "notes", plural(cell.notes.length, "note"), findings(cell.notes, "notes")),
    ),
  ];
}

/** @param {Failure} failed */
function failure({ message, reason, kind }) {
  return make(
    "div",
    { class: "failure" },
    foreign("p", message),
    reason &&
      make(
        "figure",
        {},
        foreign("blockquote", reason),
        make("figcaption", {}, "the provider’s words"),
      ),
    foreign("p", kind, { class: "soft" }),
  );
}

/** @param {CheckFinding[]} list @param {"problems" | "notes"} kind */
function findings(list, kind) {
  if (!list.length) return null;
  return make(
    "ul",
    { class: kind },
    list.map(({ path, message, accepted, source }) =>
      make(
        "li",
        { dir: "auto" },
        path && [make("code", { dir: "auto" }, path), " "],
        message,
        accepted && accepted.length > 0 && foreign("span", acceptedText(message, accepted)),
        source && foreign("span", source, { class: "source" }),
      ),
    ),
  );
}

// A message may be a sentence, or go on.
/** @param {string} message @param {unknown[]} accepted */
function acceptedText(message, accepted) {
  const values = accepted.map((value) => JSON.stringify(value)).join(", ");
  return /[.!?]$/.test(message) ? ` Accepted: ${values}.` : `; accepted: ${values}`;
}

/** @param {Promise} promise */
function markOf({ kept }) {
  if (kept === null) return { sign: "?", meaning: "cannot tell", name: "cannot-tell" };
  return kept
    ? { sign: "✓", meaning: "kept", name: "kept" }
    : { sign: "✕", meaning: "broken", name: "broken" };
}

/** @param {Promise[]} list */
function promises(list) {
  const broken = list.filter((promise) => promise.kept === false);
  const others = list.filter((promise) => promise.kept !== false);
  return make(
    "ul",
    { class: "promises", "aria-label": "Promised and delivered" },
    [...broken, ...others].map((promise) => {
      const { sign, meaning, name } = markOf(promise);
      return make(
        "li",
        { class: name, title: `asked: ${promise.asked}, delivered: ${promise.delivered}` },
        make("span", { class: "sign", "aria-hidden": "true" }, sign),
        forScreenReaders(`${meaning}: `),
        make("span", { class: "promise-name" }, words(promise.name)),
        " ",
        promise.kept === false
          ? [
              make("s", { dir: "auto" }, promise.asked),
              forScreenReaders(" requested, delivered "),
              make("span", { "aria-hidden": "true" }, " → "),
              foreign("b", promise.delivered),
            ]
          : forScreenReaders(`asked ${promise.asked}, delivered ${promise.delivered}`),
      );
    }),
  );
}

/** @param {ShownCell} cell */
function money(cell) {
  if (cell.kind === "cannot") return null;
  return make(
    "p",
    { class: "cost" },
    price(cell),
    cell.time !== null && [
      " · ",
      make("b", {}, seconds(cell.time)),
      cell.kind === "unfinished" ? " so far" : " in all",
    ],
  );
}

/** @param {ShownCell} cell @returns {Child} */
function price(cell) {
  const { billed, estimate } = cell;
  if (isKnown(billed)) {
    const other = isKnown(estimate) && billed !== estimate && `, ${dollars(estimate)} estimated`;
    return [make("b", {}, dollars(billed)), " billed", other];
  }
  if (!isBought(cell)) return "nothing was bought";
  return isKnown(estimate) ? [make("b", {}, dollars(estimate)), " estimated"] : "cost unknown";
}

/** @type {[keyof ShownCell["timing"], string][]} */
const PHASES = [
  ["accepting", "sent"],
  ["queued", "queued"],
  ["rendering", "rendered"],
  ["waiting", "queued and rendered"],
  ["downloading", "fetched"],
];

// The bars of a row have one scale, so that they can be compared.
/** @param {ShownCell} cell */
function timing(cell) {
  const times = slots[cell.row].flatMap((slot) => slot.takes.map((one) => one.time ?? 0));
  const longest = Math.max(...times, 0.001);
  const parts = PHASES.flatMap(([name, label]) => {
    const time = cell.timing[name];
    return isKnown(time) ? [{ name, label, time }] : [];
  });
  return make(
    "div",
    { class: "timing" },
    make(
      "div",
      { class: "bar", "aria-hidden": "true" },
      parts.map(({ name, time }) => {
        const part = make("i", { class: name });
        part.style.setProperty("width", `${(100 * time) / longest}%`);
        return part;
      }),
    ),
    make(
      "p",
      {},
      parts.map(({ name, label, time }) =>
        make(
          "span",
          { class: name },
          make("i", { class: name, "aria-hidden": "true" }),
          label,
          " ",
          make("b", {}, seconds(time).slice(0, -2)),
          forScreenReaders(" seconds"),
        ),
      ),
    ),
  );
}

// Opening a section opens the same one in the whole row, so that they can be compared.
/** @param {ShownCell} cell @param {SectionKind} kind @param {Child} summary @param {Child} content */
function section(cell, kind, summary, content) {
  const key = `${cell.row} ${kind}`;
  const details = make(
    "details",
    { class: kind, open: openSections.has(key), "data-kind": key },
    make("summary", {}, summary),
    content,
  );
  details.addEventListener("toggle", () => {
    if (details.open === openSections.has(key)) return;
    if (details.open) openSections.add(key);
    else openSections.delete(key);
    for (const other of findAll("details[data-kind]")) {
      if (other.dataset.kind === key) other.toggleAttribute("open", details.open);
    }
  });
  return details;
}

/** @param {ShownCell} cell @param {ShownCell | undefined} other */
function sentSection(cell, other) {
  const { lines, count } = diffPayloads(cell, other);
  return section(cell, "sent", ["Sent", other && differenceCount(other, count)], payload(lines));
}

/** @param {ShownCell} other @param {number} count */
function differenceCount(other, count) {
  const text = `${count ? `${plural(count, "difference")} from` : "the same as"} `;
  return make(
    "span",
    { class: "soft", title: `${text}${escapeInvisible(other.variant)}` },
    make("span", { "aria-hidden": "true" }, count ? ` ≠ ${count}` : " ="),
    forScreenReaders(` ${text}`),
    make("bdi", { class: "visually-hidden" }, other.variant),
  );
}

const SIGNS = { "": " ", changed: "≠", "only here": "+", "only there": "−" };

/** @param {Line[]} lines */
const payload = (lines) =>
  make(
    "div",
    { class: "code", tabindex: "0", role: "group", "aria-label": "What was sent" },
    lines.map(({ text, mark, was }) =>
      make(
        "div",
        { class: `line ${mark.replace(" ", "-")}` },
        make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[mark]),
        mark && forScreenReaders(`${mark}: `),
        make("code", { dir: "ltr" }, text),
        was && make("span", { class: "was" }, "there ", make("bdi", {}, was)),
      ),
    ),
  );

/** @param {Video} video */
const soundOf = ({ audio_codec, silent }) =>
  audio_codec ? `${audio_codec}${silent ? ", silent" : ""}` : "no sound";

/** @param {number} loudness @param {number} digits */
const lufs = (loudness, digits) => `${loudness.toFixed(digits).replace("-", "−")} LUFS`;

/** @param {Video} video */
function videoLine(video) {
  const rate = Number((video.frame_rate ?? 0).toFixed(2));
  const loud = isKnown(video.loudness) && !video.silent ? ` ${lufs(video.loudness, 0)}` : "";
  return [
    `${video.width} × ${video.height}`,
    `${rate} fps`,
    seconds(video.duration ?? 0),
    video.video_codec,
    soundOf(video) + loud,
  ].join(" · ");
}

/** @param {Stretch[]} stretches */
const ranges = (stretches) =>
  stretches.map(({ start, end }) => `${seconds(start)} to ${seconds(end)}`).join(", ");

/** @param {ShownCell} cell @param {Video} video */
function measured(cell, video) {
  const file = files.get(cell.number)?.video;
  /** @type {[string, string][]} A line is left out where it has no text. */
  const rows = [
    ["Picture", `${video.width} × ${video.height}, ${video.video_codec}`],
    ["Frames", `${Number((video.frame_rate ?? 0).toFixed(3))} per second`],
    ["Length", seconds(video.duration ?? 0)],
    ["Sound", soundOf(video)],
    ["Loudness", isKnown(video.loudness) ? lufs(video.loudness, 1) : ""],
    ["File", `${video.container}, ${megabytes(video.bytes)}, ${bitRate(video.bit_rate)}`],
    [
      "First frame",
      isKnown(video.first_frame)
        ? `${(100 * video.first_frame).toFixed(1)} % similar to the given image (SSIM)`
        : "",
    ],
    ["Cuts", video.cuts.map(seconds).join(", ")],
    ["Black", ranges(video.black)],
    ["Frozen", ranges(video.frozen)],
    ["Damage", video.damage.join("; ")],
    ["Not measured", video.notes.join("; ")],
  ];
  return [
    make(
      "dl",
      {},
      rows
        .filter(([, text]) => text)
        .map(([term, text]) => make("div", {}, make("dt", {}, term), foreign("dd", text))),
    ),
    file &&
      !/^(data|blob):/.test(file) &&
      make("p", { class: "file" }, make("a", { href: file }, "The file")),
  ];
}
