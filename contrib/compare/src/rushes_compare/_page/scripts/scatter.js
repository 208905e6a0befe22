// A scatter plot of the variants: one number against another, as SVG.
import { foreign, make } from "./dom.js";
import { escapeInvisible, isKnown, shortNumber } from "./text.js";

/** @import { Column } from "./types.js" */

/** @typedef {Column & { of: (variant: string) => number | null, floating?: boolean }} Axis */

const [WIDTH, HEIGHT] = [720, 360];
const EDGE = { left: 74, right: 40, top: 46, bottom: 60 };
// The size of letters, how many of a name are shown, and how wide one is, of its size. On a phone
// the plot is scaled down.
const TEXT = { size: 13, most: 40 };
const PHONE_TEXT = { size: 22, most: 26 };
const LETTER = 0.56;

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} text */
function draw(tag, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text) element.textContent = escapeInvisible(text);
  return element;
}

/** @param {Axis} axis */
const titleOf = ({ label, unit }) => (unit ? `${label} (${unit})` : label);

// An axis begins at zero, unless it is `floating`: the zero of its numbers has no meaning.
/** @param {Axis} axis @param {number[]} values @param {number} from @param {number} to */
function scale({ floating }, values, from, to) {
  const zero = floating ? [] : [0];
  const [low, high] = [Math.min(...zero, ...values), Math.max(...zero, ...values)];
  const span = high - low || 1;
  /** @param {number} value */
  const place = (value) => from + ((value - low) / span) * (to - from);
  return { place, ticks: [low, (low + high) / 2, high].filter((one, at, all) => all.indexOf(one) === at) };
}

/** @typedef {{ variant: string, at: number, height: number }} Dot */

/**
 * Names beside their dots, on the side where there is room, moved down where others are in the way.
 * @param {Dot[]} dots
 * @param {{ size: number, most: number }} text
 */
function* names(dots, { size, most }) {
  /** @type {{ left: number, right: number, base: number }[]} */
  const taken = [];
  for (const { variant, at, height } of dots.toSorted((one, other) => one.height - other.height)) {
    const name = variant.length > most ? `${variant.slice(0, most - 1)}…` : variant;
    const width = name.length * size * LETTER;
    const toLeft = at + 9 + width > WIDTH;
    const [left, right] = toLeft ? [at - 9 - width, at - 9] : [at + 9, at + 9 + width];
    let base = height - 7;
    const inTheWay = () =>
      taken.find(
        (other) => left < other.right && other.left < right && Math.abs(base - other.base) < size,
      );
    for (let other = inTheWay(); other; other = inTheWay()) base = other.base + size;
    taken.push({ left, right, base });
    const x = toLeft ? right : left;
    if (base > height + size)
      yield draw("line", { x1: at, y1: height, x2: x, y2: base - size / 3, class: "grid" });
    yield draw("text", { x, y: base, "text-anchor": toLeft ? "end" : "start" }, name);
  }
}

/**
 * One number of each variant against another; a variant that lacks either is left out and named.
 * @param {string[]} variants
 * @param {Axis} across
 * @param {Axis} up
 */
export function scatter(variants, across, up) {
  const points = variants.flatMap((variant) => {
    const [x, y] = [across.of(variant), up.of(variant)];
    return isKnown(x) && isKnown(y) ? [{ variant, x, y }] : [];
  });
  if (!points.length)
    return make("p", { class: "soft" }, "No variant has both numbers, so there is nothing to plot.");
  const left = variants.filter((variant) => !points.some((point) => point.variant === variant));
  const text = matchMedia("(max-width: 640px)").matches ? PHONE_TEXT : TEXT;
  const described = points.map(({ variant, x, y }) => `${variant}: ${shortNumber(x)}, ${shortNumber(y)}`);
  const title = `${titleOf(up)} against ${titleOf(across)}`;
  const picture = draw("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    class: "scatter",
    "font-size": text.size,
    "aria-label": escapeInvisible(`${title}. ${described.join("; ")}`),
  });
  const x = scale(across, points.map((one) => one.x), EDGE.left, WIDTH - EDGE.right);
  const y = scale(up, points.map((one) => one.y), HEIGHT - EDGE.bottom, EDGE.top);
  for (const tick of x.ticks) {
    const at = x.place(tick);
    picture.append(
      draw("line", { x1: at, x2: at, y1: EDGE.top, y2: HEIGHT - EDGE.bottom, class: "grid" }),
      draw("text", { x: at, y: HEIGHT - EDGE.bottom + 22, "text-anchor": "middle" }, shortNumber(tick)),
    );
  }
  for (const tick of y.ticks) {
    const at = y.place(tick);
    picture.append(
      draw("line", { x1: EDGE.left, x2: WIDTH - EDGE.right, y1: at, y2: at, class: "grid" }),
      draw("text", { x: EDGE.left - 8, y: at + 4, "text-anchor": "end" }, shortNumber(tick)),
    );
  }
  picture.append(
    draw("text", { x: WIDTH / 2, y: HEIGHT - 8, "text-anchor": "middle" }, titleOf(across)),
    draw("text", { x: 4, y: 20 }, titleOf(up)),
  );
  const dots = points.map((point) => ({
    variant: point.variant,
    at: x.place(point.x),
    height: y.place(point.y),
  }));
  picture.append(...names(dots, text));
  for (const { variant, at, height } of dots) {
    const dot = draw("circle", { cx: at, cy: height, r: 5 });
    dot.append(draw("title", {}, variant));
    picture.append(dot);
  }
  return make(
    "figure",
    { class: "plotted" },
    picture,
    left.length > 0 &&
      foreign("figcaption", `Not shown, since a number is missing: ${left.join(", ")}`, { class: "soft" }),
  );
}
