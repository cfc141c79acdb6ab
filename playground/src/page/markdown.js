// Markdown as Teams shows it, as DOM nodes: the few marks of an Adaptive Card, and some more in a message.

import { h } from "./dom.js";
import { withIcons } from "./icons.js";

const TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:Z|[+-]\\d\\d:\\d\\d)";
const DATE = `\\{\\{(?<what>DATE|TIME)\\((?<at>${TIME})(?:, ?(?<length>COMPACT|SHORT|LONG))?\\)\\}\\}`;
const LINK = "\\[(?<label>(?:\\\\.|[^\\[\\]\\\\])+)\\]\\((?<url>(?:\\\\.|[^\\s()\\\\])+)\\)";
const BOLD = "\\*\\*(?=\\S)(?<bold>(?:\\\\.|[^*\\\\]|\\*(?!\\*))+)(?<=\\S)\\*\\*";
const ITALIC = "(?<!\\w)_(?=\\S)(?<under>(?:\\\\.|[^_\\\\]|(?<=\\w)_(?=\\w))+)(?<=\\S)_(?!\\w)";
const STAR = "\\*(?=\\S)(?<star>(?:\\\\.|[^*\\\\])+)(?<=\\S)\\*";
const ESCAPED = "\\\\(?<escaped>[!-/:-@\\[-`{-~])";
const ENTITY = "&(?<entity>lt|gt|amp|quot|apos|nbsp|#\\d{1,6});";
const CODE = "`(?<code>[^`]+)`";
const STRIKE = "~~(?=\\S)(?<strike>(?:\\\\.|[^~\\\\])+)(?<=\\S)~~";
const MENTION = "<at>(?<mention>[^<>]+)</at>";

// In this order: what is escaped is no mark, a link hides the marks of its address, two stars come before one.
const IN_CARD = new RegExp([ESCAPED, ENTITY, DATE, MENTION, LINK, BOLD, STAR, ITALIC].join("|"), "g");
const IN_MESSAGE = new RegExp([ESCAPED, ENTITY, CODE, MENTION, LINK, BOLD, STAR, ITALIC, STRIKE].join("|"), "g");
const EVERY_MENTION = { has: () => true };
const NO_MENTION = { has: () => false };

const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: "\"", apos: "'", nbsp: "\u00a0" };
const MARKER = /^\s*(?:(?<bullet>[-*+])|(?<number>\d{1,9})[.)])\s+(?<rest>.*)$/;
const QUOTE = /^\s*> ?(?<rest>.*)$/;
const DAYS = {
  COMPACT: { year: "numeric", month: "numeric", day: "numeric" },
  SHORT: { weekday: "short", year: "numeric", month: "short", day: "numeric" },
  LONG: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
};

/**
 * The text of a TextBlock or of a fact: bold, italic, links, lists, lines, and dates in the reader's own zone. Only what
 * an entity of the card stands for is a mention.
 */
export function cardText(text, mentions = NO_MENTION) {
  return blocks(text, { pattern: IN_CARD, mentions, quotes: false });
}

/** The text of a message, which also knows quotations, code, what is struck out, and mentions. */
export function messageText(text) {
  return blocks(text, { pattern: IN_MESSAGE, mentions: EVERY_MENTION, quotes: true });
}

/** Nodes as words, for what reads aloud. */
export function words(nodes) {
  const said = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.localName === "svg") return node.getAttribute("aria-label");
    return [...node.childNodes].map(said).join("") + (/^(br|li|p|blockquote)$/.test(node.localName) ? " " : "");
  };
  return nodes.map(said).join("").replace(/\s+/g, " ").trim();
}

/** Paragraphs, lists and quotations: an empty line ends each, and any other line stays a line of its own. */
function blocks(text, marks) {
  const nodes = [];
  let open = null;
  for (const line of text.split(/\r\n?|\n/)) {
    const item = MARKER.exec(line)?.groups;
    const quoted = marks.quotes ? QUOTE.exec(line)?.groups.rest : undefined;
    const kind = kindOf(line, item, quoted);
    const goesOn = kind !== null && open?.localName === kind;
    if (!goesOn) {
      open = kind && h(kind, { start: kind === "ol" ? item.number : null });
      if (open) nodes.push(open);
    }
    if (item) open.append(h("li", null, ...inline(item.rest, marks)));
    else if (open) open.append(...(goesOn ? [h("br")] : []), ...inline(quoted ?? line, marks));
  }
  return nodes;
}

function kindOf(line, item, quoted) {
  if (item) return item.bullet ? "ul" : "ol";
  if (quoted !== undefined) return "blockquote";
  return line.trim() ? "p" : null;
}

function inline(text, marks) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(marks.pattern)) {
    nodes.push(...withIcons(text.slice(end, found.index)), mark(found[0], found.groups, marks));
    end = found.index + found[0].length;
  }
  nodes.push(...withIcons(text.slice(end)));
  return nodes;
}

function mark(whole, groups, marks) {
  if (groups.escaped) return document.createTextNode(groups.escaped);
  if (groups.entity) return document.createTextNode(entity(groups.entity));
  if (groups.what) return date(whole, groups);
  if (groups.label) return link(groups, marks);
  if (groups.code) return h("code", null, groups.code);
  if (groups.mention) return marks.mentions.has(whole) ? mention(groups.mention) : document.createTextNode(whole);
  if (groups.bold) return h("strong", null, ...inline(groups.bold, marks));
  if (groups.strike) return h("s", null, ...inline(groups.strike, marks));
  return h("em", null, ...inline(groups.star ?? groups.under, marks));
}

function mention(name) {
  return h("span", { class: "at" }, name.replace(/&(\w+);/g, (_, escaped) => entity(escaped)));
}

function entity(name) {
  if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
  return ENTITIES[name] ?? `&${name};`;
}

function link({ label, url }, marks) {
  const address = url.replace(/\\([!-/:-@[-`{-~])/g, "$1").replace(/&(\w+);/g, (_, name) => entity(name));
  const text = inline(label, marks);
  if (!isAddress(address)) return h("span", null, ...text);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...text);
}

/** Whether a browser may be sent there from a card. */
export function isAddress(url) {
  return /^(https?:\/\/|mailto:)/i.test(url);
}

function date(whole, { what, at, length }) {
  const moment = new Date(at);
  // A time has one form only.
  if (Number.isNaN(moment.getTime()) || (what === "TIME" && length)) return document.createTextNode(whole);
  const shown =
    what === "DATE"
      ? moment.toLocaleDateString([], DAYS[length ?? "COMPACT"])
      : moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return h("time", { datetime: moment.toISOString() }, shown);
}
