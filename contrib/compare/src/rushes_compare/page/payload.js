// What was sent, as lines of JSON, each marked where it differs from the payload beside it. A
// payload comes as a tree of texts, see `_tree` in writing.py: numbers stay as they were written.
const json = (tree) =>
  typeof tree === "string"
    ? tree
    : tree.names
      ? `{${tree.names.map(([name, inner]) => `${name}: ${json(inner)}`).join(", ")}}`
      : `[${tree.items.map(json).join(", ")}]`;

// What is in an object or a list, by its name or place; nothing where the tree is neither.
function insideOf(tree) {
  if (tree === "{}" || tree?.names) {
    const names = tree.names ?? [];
    return { ends: "{}", parts: new Map(names.map(([name, inner]) => [JSON.parse(name), inner])) };
  }
  if (tree === "[]" || tree?.items) {
    return { ends: "[]", parts: new Map((tree.items ?? []).entries()) };
  }
  return null;
}

// Returns the lines of a cell's payload, then what only the other cell's has, and how many
// differences they show. What concerns the delivery alone is no difference. Without another cell
// nothing is marked.
function compared(cell, other) {
  const found = { lines: [], missing: [], count: 0, ignored: new Set(cell.transport) };
  other?.transport.forEach((name) => found.ignored.add(name));
  tell(found, cell.sent, other?.sent ?? undefined, { path: "", indent: "", name: "", after: "" });
  return { lines: [...found.lines, ...found.missing], count: found.count };
}

// `mark` is that of the whole to which a value belongs; `there` what stands at its place beside it.
function tell(found, here, there, place, mark = "") {
  const [ours, theirs] = [insideOf(here), insideOf(there)];
  const both = !mark && ours && theirs && ours.ends === theirs.ends;
  let was = "";
  if (!mark && there !== undefined && !both && json(here) !== json(there)) {
    [mark, was] = ["changed", json(there)];
    found.count += 1;
  }
  const start = `${place.indent}${place.name}`;
  if (!ours?.parts.size) found.lines.push({ text: `${start}${here}${place.after}`, mark, was });
  else {
    found.lines.push({ text: `${start}${ours.ends[0]}`, mark, was });
    let left = ours.parts.size;
    for (const [name, inner] of ours.parts) {
      const beside = both && !isIgnored(found, place, name) ? theirs.parts.get(name) : undefined;
      const lone = both && !theirs.parts.has(name) && !isIgnored(found, place, name);
      found.count += lone ? 1 : 0;
      left -= 1;
      tell(found, inner, beside, within(place, ours, name, left), lone ? "only here" : mark);
    }
    found.lines.push({ text: `${place.indent}${ours.ends[1]}${place.after}`, mark, was: "" });
  }
  if (both) tellMissing(found, ours, theirs, place);
}

function tellMissing(found, ours, theirs, place) {
  for (const [name, inner] of theirs.parts) {
    if (ours.parts.has(name) || isIgnored(found, place, name)) continue;
    const { path } = within(place, theirs, name, 0);
    found.missing.push({ text: `${inSight(path)}: ${json(inner)}`, mark: "only there", was: "" });
    found.count += 1;
  }
}

const isIgnored = (found, place, name) => place.path === "" && found.ignored.has(name);

function within(place, container, name, left) {
  const listed = container.ends === "[]";
  const dot = place.path ? "." : "";
  return {
    path: listed ? `${place.path}[${name}]` : `${place.path}${dot}${name}`,
    indent: `${place.indent}  `,
    name: listed ? "" : `${inSight(JSON.stringify(name))}: `,
    after: left ? "," : "",
  };
}
