// Elements are made of names and text; nothing that came from outside is ever read as HTML.
import { escapeInvisible } from "./text.js";

/** @import { Attributes, Child } from "./types.js" */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (typeof value !== "boolean" || name.startsWith("aria-"))
      element.setAttribute(name, String(value));
    else if (value) element.setAttribute(name, "");
  }
  element.append(...nodes(children));
  return element;
}

/** @param {Child} child @returns {(string | Node)[]} */
function nodes(child) {
  if (Array.isArray(child)) return child.flatMap(nodes);
  if (child === null || child === undefined || typeof child === "boolean") return [];
  return [child instanceof Node ? child : String(child)];
}

/**
 * Text from outside: with its own direction, and with invisible characters escaped.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} text
 * @param {Attributes} attributes
 */
export const foreign = (tag, text, attributes = {}) =>
  make(tag, { dir: "auto", ...attributes }, escapeInvisible(text));

/** @param {string} text */
export const forScreenReaders = (text) => make("span", { class: "visually-hidden" }, text);

/** @param {string} text @param {() => unknown} act @param {Attributes} attributes */
export const button = (text, act, attributes = {}) =>
  make("button", { type: "button", onclick: () => void act(), ...attributes }, text);

/**
 * A labelled `<select>`; `choose` gets the value that is chosen.
 * @template {string} Value
 * @param {string} label
 * @param {Attributes} attributes
 * @param {[Value, string][]} choices
 * @param {Value} chosen
 * @param {(value: Value) => void} choose
 */
export function dropdown(label, attributes, choices, chosen, choose) {
  const select = make(
    "select",
    attributes,
    choices.map(([value, text]) => make("option", { value, selected: value === chosen }, text)),
  );
  select.addEventListener("change", () => choose(choices[select.selectedIndex][0]));
  return make("label", { class: "field" }, make("span", {}, label), select);
}

/** @param {string} selector @param {ParentNode} within @returns {HTMLElement} */
export function find(selector, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return found;
}

/** @param {string} selector @param {ParentNode} within */
export const findAll = (selector, within = document) =>
  [...within.querySelectorAll(selector)].filter((one) => one instanceof HTMLElement);

// Tells screen readers, and shows for a moment, what a key has done.
export const status = make("div", { role: "status", class: "status" });
let fading = 0;

/** @param {string} text */
export function announce(text) {
  status.textContent = text;
  status.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => status.classList.remove("shown"), 2500);
}
