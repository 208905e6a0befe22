// What is told under a screen: why there is none, the promises, the cost, the time, and, to be
// opened, what was sent and what was measured.
const opened = new Set();
const MARKS = { true: ["✓", "kept"], false: ["✕", "broken"], null: ["?", "cannot tell"] };

function facts(cell, other) {
  const { lines, count } = cell.sent === null ? { lines: [] } : compared(cell, other);
  return [
    cell.failure &&
      make(
        "div",
        { class: "failure" },
        said("p", cell.failure.message),
        cell.failure.reason &&
          make(
            "figure",
            {},
            said("blockquote", cell.failure.reason),
            make("figcaption", {}, "the provider’s words"),
          ),
        said("p", cell.failure.kind, { class: "soft" }),
      ),
    findings(cell.problems, "problems"),
    cell.video && said("p", measuredShortly(cell.video), { class: "facts" }),
    cell.promises.length > 0 && promises(cell),
    money(cell),
    cell.time !== null && timing(cell),
    make(
      "div",
      { class: "more" },
      lines.length > 0 && section(cell, "sent", ["Sent", differing(other, count)], sent(lines)),
      cell.video && section(cell, "measured", ["Measured"], measured(cell)),
      cell.notes.length > 0 &&
        section(cell, "notes", [plural(cell.notes.length, "note")], findings(cell.notes, "notes")),
    ),
  ];
}

function findings(list, kind) {
  if (!list.length) return null;
  return make(
    "ul",
    { class: kind },
    list.map((one) =>
      make(
        "li",
        { dir: "auto" },
        one.path && [make("code", { dir: "auto" }, one.path), " "],
        one.message,
        one.accepted?.length &&
          said(
            "span",
            ` Accepted: ${one.accepted.map((value) => JSON.stringify(value)).join(", ")}.`,
          ),
        one.source && said("span", one.source, { class: "source" }),
      ),
    ),
  );
}

function promises(cell) {
  const rank = (promise) => (promise.kept === false ? 0 : 1);
  const list = [...cell.promises].sort((one, other) => rank(one) - rank(other));
  return make(
    "ul",
    { class: "promises", "aria-label": "Promised and delivered" },
    list.map((promise) => {
      const [sign, meaning] = MARKS[promise.kept];
      const broken = promise.kept === false;
      return make(
        "li",
        {
          class: meaning.replace(" ", "-"),
          title: `asked: ${promise.asked}, delivered: ${promise.delivered}`,
        },
        make("span", { class: "sign", "aria-hidden": "true" }, sign),
        hidden(`${meaning}: `),
        make("span", { class: "what" }, words(promise.name)),
        " ",
        broken
          ? [
              make("s", { dir: "auto" }, promise.asked),
              hidden(" was asked, delivered was "),
              make("span", { "aria-hidden": "true" }, " → "),
              said("b", promise.delivered),
            ]
          : hidden(`asked ${promise.asked}, delivered ${promise.delivered}`),
      );
    }),
  );
}

function money(cell) {
  const { billed, estimate } = cell;
  if (cell.kind === "cannot") return null;
  const text = known(billed)
    ? [
        make("b", {}, dollars(billed)),
        " billed",
        known(estimate) && billed !== estimate && `, ${dollars(estimate)} estimated`,
      ]
    : cell.state === "refused"
      ? "nothing was bought"
      : known(estimate)
        ? [make("b", {}, dollars(estimate)), " estimated"]
        : "cost unknown";
  return make(
    "p",
    { class: "money" },
    text,
    cell.time !== null && [
      " · ",
      make("b", {}, seconds(cell.time)),
      cell.kind === "unfinished" ? " so far" : " in all",
    ],
  );
}

const PHASES = {
  accepting: "sent",
  queued: "queued",
  rendering: "rendered",
  waiting: "queued and rendered",
  downloading: "fetched",
};

// The bars of a row have one scale, so that they can be read against each other.
function timing(cell) {
  const longest = Math.max(
    ...slots[cell.row].flatMap((slot) => slot.takes.map((one) => one.time ?? 0)),
    0.001,
  );
  const parts = Object.keys(PHASES).filter((name) => known(cell.timing[name]));
  return make(
    "div",
    { class: "timing" },
    make(
      "div",
      { class: "bar", "aria-hidden": "true" },
      parts.map((name) => {
        const part = make("i", { class: name });
        part.style.setProperty("width", `${(100 * cell.timing[name]) / longest}%`);
        return part;
      }),
    ),
    make(
      "p",
      {},
      parts.map((name) =>
        make(
          "span",
          { class: name },
          make("i", { class: name, "aria-hidden": "true" }),
          PHASES[name],
          " ",
          make("b", {}, seconds(cell.timing[name]).slice(0, -2)),
          hidden(" seconds"),
        ),
      ),
    ),
  );
}

// Opening one in a row opens its neighbours: what is compared is seen together.
function section(cell, kind, summary, ...inside) {
  const key = `${cell.row} ${kind}`;
  const details = make(
    "details",
    { class: kind, open: opened.has(key), "data-kind": key },
    make("summary", {}, summary),
    inside,
  );
  details.addEventListener("toggle", () => {
    if (details.open === opened.has(key)) return;
    if (details.open) opened.add(key);
    else opened.delete(key);
    for (const other of document.querySelectorAll("details[data-kind]")) {
      if (other.dataset.kind === key) other.open = details.open;
    }
  });
  return details;
}

function differing(other, count) {
  if (!other) return null;
  const text = `${count ? `${plural(count, "difference")} from` : "the same as"} `;
  return make(
    "span",
    { class: "soft", title: `${text}${inSight(other.variant)}` },
    make("span", { "aria-hidden": "true" }, count ? ` ≠ ${count}` : " ="),
    hidden(` ${text}`),
    make("bdi", { class: "unseen" }, other.variant),
  );
}

const SIGNS = { "": " ", changed: "≠", "only here": "+", "only there": "−" };
function sent(lines) {
  return make(
    "div",
    { class: "code", tabindex: "0", role: "region", "aria-label": "What was sent" },
    lines.map(({ text, mark, was }) =>
      make(
        "div",
        { class: `line ${mark.replace(" ", "-")}` },
        make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[mark]),
        mark && hidden(`${mark}: `),
        make("code", { dir: "ltr" }, text),
        was && make("span", { class: "was" }, "there ", make("bdi", {}, was)),
      ),
    ),
  );
}

const soundOf = (film) =>
  film.audio_codec ? `${film.audio_codec}${film.silent ? ", silent" : ""}` : "no sound";

const lufs = (text) => `${text.replace("-", "−")} LUFS`;

function measuredShortly(film) {
  const frames = Number((film.frame_rate ?? 0).toFixed(2));
  const loud = known(film.loudness) && !film.silent ? ` ${lufs(film.loudness.toFixed(0))}` : "";
  return [
    `${film.width} × ${film.height}`,
    `${frames} fps`,
    seconds(film.duration ?? 0),
    film.video_codec,
    soundOf(film) + loud,
  ].join(" · ");
}

function measured(cell) {
  const film = cell.video;
  const file = files.get(cell.number)?.video;
  const span = (list) =>
    list.map((one) => `${seconds(one.start)} to ${seconds(one.end)}`).join(", ");
  const rows = [
    ["Picture", `${film.width} × ${film.height}, ${film.video_codec}`],
    ["Frames", `${Number((film.frame_rate ?? 0).toFixed(3))} per second`],
    ["Length", seconds(film.duration ?? 0)],
    ["Sound", soundOf(film)],
    known(film.loudness) && ["Loudness", lufs(film.loudness.toFixed(1))],
    ["File", `${film.container}, ${megabytes(film.bytes)}, ${bits(film.bit_rate)}`],
    known(film.first_frame) && [
      "First frame",
      `${(100 * film.first_frame).toFixed(1)} % like the picture given (SSIM)`,
    ],
    film.cuts.length > 0 && ["Cuts", film.cuts.map(seconds).join(", ")],
    film.black.length > 0 && ["Black", span(film.black)],
    film.frozen.length > 0 && ["Frozen", span(film.frozen)],
    film.damage.length > 0 && ["Damage", film.damage.join("; ")],
    film.notes.length > 0 && ["Not measured", film.notes.join("; ")],
  ];
  return [
    make(
      "dl",
      {},
      rows
        .filter(Boolean)
        .map(([term, text]) => make("div", {}, make("dt", {}, term), said("dd", text))),
    ),
    file &&
      !/^(data|blob):/.test(file) &&
      make("p", { class: "file" }, make("a", { href: file }, "The file")),
  ];
}
