// Builds and updates DOM nodes. Text only ever becomes a text node, so nothing that people typed can become markup.

import { withIcons } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("p", { class: "dim", onclick: f }, "text", node)`. */
export function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function s(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  const there = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  node.append(...there.flatMap(pictured));
  return node;
}

/** A child; emoji in its text are pictures. */
function pictured(child) {
  if (typeof child === "string") return withIcons(child);
  return child.nodeType === Node.TEXT_NODE ? withIcons(child.data) : [child];
}

/**
 * Makes the children of `parent` those of `items`, in order. A node stays the same node as long as its key is there,
 * so focus, selection and typed text survive; `update` runs only when the item has changed.
 */
export function reconcile(parent, items, { key, create, update }) {
  const known = parent.keyed ?? new Map();
  const next = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const id = key(item);
    const print = JSON.stringify(item);
    let entry = known.get(id);
    if (!entry) {
      entry = { node: create(item), print };
    } else if (entry.print !== print) {
      const node = update ? (update(entry.node, item) ?? entry.node) : create(item);
      if (node !== entry.node) {
        entry.node.replaceWith(node);
        if (place === entry.node) place = node;
      }
      entry = { node, print };
    }
    next.set(id, entry);
    if (entry.node === place) place = place.nextSibling;
    else parent.insertBefore(entry.node, place);
  }
  // What is left behind the last item has no place in the list any more.
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
  parent.keyed = next;
}

/** Replaces the only text of a node, if it differs: an unchanged live region must not speak again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Indented JSON with its kinds marked. */
export function json(value) {
  const pre = h("pre", { class: "json", tabindex: "0" });
  const text = JSON.stringify(value, null, 2) ?? "null";
  const token = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  let end = 0;
  for (const found of text.matchAll(token)) {
    pre.append(text.slice(end, found.index));
    const kind = found[2] ? "key" : found[1] ? "string" : "value";
    pre.append(h("span", { class: kind }, found[1] ?? found[0]), found[2] ?? "");
    end = found.index + found[0].length;
  }
  pre.append(text.slice(end));
  return pre;
}

/** Two letters for somebody without a picture. */
export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
}

/** The avatar's colour: one of six, always the same for the same name. */
export function tint(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return `tint-${sum % 6}`;
}

/** `10:32` or, with seconds, `10:32:07`, in the reader's own zone. */
export function clockTime(at, seconds = false) {
  const format = { hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) };
  return new Date(at).toLocaleTimeString([], format);
}
