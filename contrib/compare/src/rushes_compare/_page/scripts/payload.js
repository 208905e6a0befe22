// What was sent, as lines of JSON, each marked where it differs from the payload beside it. A
// payload comes as a tree of texts, see `_tree` in writing.py: numbers stay as they were written.
import { escapeInvisible } from "./text.js";

/** @import { Line, Mark, ShownCell, Tree } from "./types.js" */

/** @typedef {{ ends: "{}" | "[]", parts: Map<string | number, Tree> }} Container */
/** @typedef {{ path: string, indent: string, name: string, after: string }} Place */

/** @param {Tree} tree @returns {string} */
function json(tree) {
  if (typeof tree === "string") return tree;
  return "names" in tree
    ? `{${tree.names.map(([name, inner]) => `${name}: ${json(inner)}`).join(", ")}}`
    : `[${tree.items.map(json).join(", ")}]`;
}

/**
 * What is in an object or a list, by name or index; null where the tree is neither.
 * @param {Tree | undefined} tree
 * @returns {Container | null}
 */
function containerOf(tree) {
  if (tree === "{}") return { ends: "{}", parts: new Map() };
  if (tree === "[]") return { ends: "[]", parts: new Map() };
  if (tree === undefined || typeof tree === "string") return null;
  return "names" in tree
    ? { ends: "{}", parts: new Map(tree.names.map(([name, inner]) => [JSON.parse(name), inner])) }
    : { ends: "[]", parts: new Map(tree.items.entries()) };
}

/**
 * Compare a cell's payload with another cell's: its lines, then what only the other has, and how
 * many differences they show. Fields that concern only the delivery are not compared; without
 * another cell nothing is marked.
 * @param {ShownCell} cell
 * @param {ShownCell | undefined} other
 */
export function diffPayloads(cell, other) {
  const diff = new Diff([...cell.transport, ...(other?.transport ?? [])]);
  const place = { path: "", indent: "", name: "", after: "" };
  if (cell.sent !== null) diff.add(cell.sent, other?.sent ?? undefined, place);
  return { lines: [...diff.lines, ...diff.missing], count: diff.count };
}

class Diff {
  /** @type {Line[]} */
  lines = [];
  /** @type {Line[]} */
  missing = [];
  count = 0;

  /** @param {string[]} ignored names at the top of the payload */
  constructor(ignored) {
    this.ignored = new Set(ignored);
  }

  /**
   * Add the lines of a value; `there` is what the other payload has at its place, `mark` that of
   * the container it is in.
   * @param {Tree} here
   * @param {Tree | undefined} there
   * @param {Place} place
   * @param {Mark} mark
   */
  add(here, there, place, mark = "") {
    const [ours, theirs] = [containerOf(here), containerOf(there)];
    const pair = !mark && ours && theirs?.ends === ours.ends ? theirs : null;
    let was = "";
    if (!mark && there !== undefined && !pair && json(here) !== json(there)) {
      [mark, was] = ["changed", json(there)];
      this.count += 1;
    }
    const start = `${place.indent}${place.name}`;
    if (!ours?.parts.size) {
      this.lines.push({ text: `${start}${json(here)}${place.after}`, mark, was });
    } else {
      this.lines.push({ text: `${start}${ours.ends[0]}`, mark, was });
      this.addParts(ours, pair, place, mark);
      this.lines.push({ text: `${place.indent}${ours.ends[1]}${place.after}`, mark, was: "" });
    }
    if (ours && pair) this.addMissing(ours, pair, place);
  }

  /** @param {Container} ours @param {Container | null} pair @param {Place} place @param {Mark} mark */
  addParts(ours, pair, place, mark) {
    let left = ours.parts.size;
    for (const [name, inner] of ours.parts) {
      const other = this.isIgnored(place, name) ? null : pair;
      const alone = other !== null && !other.parts.has(name);
      if (alone) this.count += 1;
      left -= 1;
      const inside = within(place, ours, name, left);
      this.add(inner, other?.parts.get(name), inside, alone ? "only here" : mark);
    }
  }

  /** @param {Container} ours @param {Container} theirs @param {Place} place */
  addMissing(ours, theirs, place) {
    for (const [name, inner] of theirs.parts) {
      if (ours.parts.has(name) || this.isIgnored(place, name)) continue;
      const path = escapeInvisible(within(place, theirs, name, 0).path);
      this.missing.push({ text: `${path}: ${json(inner)}`, mark: "only there", was: "" });
      this.count += 1;
    }
  }

  /** @param {Place} place @param {string | number} name */
  isIgnored(place, name) {
    return place.path === "" && this.ignored.has(String(name));
  }
}

/**
 * @param {Place} place
 * @param {Container} container
 * @param {string | number} name
 * @param {number} left how many values come after this one
 * @returns {Place}
 */
function within(place, container, name, left) {
  const listed = container.ends === "[]";
  const dot = place.path ? "." : "";
  return {
    path: listed ? `${place.path}[${name}]` : `${place.path}${dot}${name}`,
    indent: `${place.indent}  `,
    name: listed ? "" : `${escapeInvisible(JSON.stringify(name))}: `,
    after: left ? "," : "",
  };
}
