// An Adaptive Card as it was really sent, drawn the way Teams draws it. What is not known here is drawn as its
// fallback, or not at all.

import { h, reconcile } from "./dom.js";
import { gather, input } from "./inputs.js";
import { cardText, isAddress, words } from "./markdown.js";

const ELEMENTS = {
  TextBlock: textBlock,
  RichTextBlock: richTextBlock,
  FactSet: factSet,
  Container: container,
  ColumnSet: columnSet,
  ActionSet: (set, context, place) => actionBar(h("div"), set.actions, context, `set${place}`),
  "Input.Text": input,
  "Input.Number": input,
  "Input.Date": input,
  "Input.ChoiceSet": input,
  "Input.Toggle": input,
};
const ACTIONS = { "Action.Execute": execute, "Action.ShowCard": showButton, "Action.OpenUrl": openUrl };

/**
 * Shows a card in `parent`; an element that is still there keeps its node, and what was typed in it.
 * `context` has `id` (no other card on the page has it), `kept` (a map that outlives the nodes: what was typed, what
 * is open) and `press(action, inputs)`.
 */
export function showCard(parent, card, context) {
  if (!parent.firstChild) parent.append(h("div", { class: "c-body" }), h("div"));
  parent.classList.add("c-card");
  const [body, foot] = parent.children;
  context = { mentions: mentions(card), ...context };
  elements(body, card.body, context);
  actionBar(foot, card.actions, context, "foot");
}

/** The texts that stand for a mention, by the entities of a whole card. */
function mentions({ msteams }) {
  const entities = (msteams?.entities ?? []).filter(({ type }) => type === "mention");
  return new Set(entities.map(({ text }) => text));
}

/** What a card says first, for what reads aloud. */
export function headline(card) {
  const said = (element) => {
    if (element.inlines) return [element.inlines.map((run) => run.text ?? run).join("")];
    if (element.text) return [words(cardText(element.text, mentions(card)))];
    return (element.items ?? element.columns ?? []).flatMap(said);
  };
  return (card.body ?? []).flatMap(said).slice(0, 2).join(": ");
}

function elements(parent, list, context) {
  const items = known(list, ELEMENTS).map((element, index) => ({ element, index }));
  const key = ({ element, index }) => `${element.type} ${element.id ?? index}`;
  reconcile(parent, items, { key, create: ({ element, index }) => draw(element, context, index) });
  return parent;
}

/** What can be drawn of a list of elements or actions. */
function known(list, kinds) {
  return (list ?? []).map((one) => resolve(one, kinds)).filter((one) => one !== null);
}

function resolve(one, kinds) {
  if (typeof one?.type !== "string" || one.isVisible === false) return null;
  return Object.hasOwn(kinds, one.type) ? one : resolve(one.fallback, kinds);
}

function draw(element, context, place) {
  const node = ELEMENTS[element.type](element, context, place);
  spaced(node, element);
  return node;
}

function spaced(node, { spacing, separator, style }) {
  node.classList.add(`space-${word(spacing)}`);
  node.classList.toggle("separator", separator === true);
  if (node.matches(".c-container, .c-columns") && style) node.classList.add("styled", `style-${word(style)}`);
}

/** A word of the card as a part of a class name. */
function word(value) {
  return /^[a-z]+$/i.test(value ?? "") ? value.toLowerCase() : "default";
}

function textBlock(block, { mentions }) {
  const isHeading = block.style === "heading";
  // Without `wrap`, Teams shows one line and cuts it.
  const shape = `c-text align-${word(block.horizontalAlignment)} ${block.wrap === true ? "" : "clip"}`;
  return h(
    "div",
    {
      class: `${shape} ${look(block)}`,
      role: isHeading ? "heading" : null,
      "aria-level": isHeading ? "3" : null,
    },
    cardText(String(block.text ?? ""), mentions),
  );
}

/** Text as it is: a run knows no Markdown and no dates. */
function richTextBlock({ inlines, horizontalAlignment }) {
  const run = (one) => {
    if (typeof one === "string") return one;
    if (one?.type !== "TextRun") return null;
    const marks = ["italic", "strikethrough", "underline", "highlight"].filter((mark) => one[mark] === true);
    const { url = "" } = one.selectAction?.type === "Action.OpenUrl" ? one.selectAction : {};
    const text = String(one.text ?? "");
    const inside = isAddress(url) ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text) : text;
    return h("span", { class: [look(one), ...marks].join(" ") }, inside);
  };
  return h("p", { class: `c-text runs-of-text align-${word(horizontalAlignment)}` }, (inlines ?? []).map(run));
}

/** How a text looks, as names of classes. */
function look(text) {
  const names = { size: text.size, weight: text.weight, color: text.color, font: text.fontType };
  const classes = Object.entries(names).map(([name, value]) => `${name}-${word(value)}`);
  return [...classes, ...(text.isSubtle === true ? ["subtle"] : [])].join(" ");
}

function factSet({ facts }) {
  const pair = ({ title, value }) => [
    h("dt", null, cardText(String(title ?? ""))),
    h("dd", null, cardText(String(value ?? ""))),
  ];
  return h("dl", { class: "c-facts" }, (facts ?? []).flatMap(pair));
}

function container({ items }, context) {
  return elements(h("div", { class: "c-container" }), items, context);
}

function columnSet({ columns }, context) {
  const column = (one) => {
    const node = container(one, context);
    node.classList.add("c-column", one.width === "auto" ? "narrow" : "wide");
    if (Number(one.width) > 0) node.style.flexGrow = Number(one.width);
    if (/^\d+px$/.test(one.width)) node.style.flex = `0 0 ${one.width}`;
    spaced(node, one);
    return node;
  };
  return h("div", { class: "c-columns" }, (columns ?? []).map(column));
}

/** Buttons, and below them the cards that they open. */
function actionBar(parent, list, context, place) {
  if (!parent.firstChild) parent.append(h("div", { class: "c-buttons" }), h("div"));
  parent.classList.add("c-actions");
  const [buttons, panels] = parent.children;
  const items = known(list, ACTIONS).map((action, index) => ({ action, id: `${context.id}-${place}${index}` }));
  parent.hidden = items.length === 0;
  const isPrimary = ({ action }) => action.mode !== "secondary";
  const drawn = ({ action, id }) => ACTIONS[action.type](action, context, id);
  const secondary = items.filter((item) => !isPrimary(item));
  reconcile(buttons, [...items.filter(isPrimary), ...(secondary.length ? [{ secondary }] : [])], {
    key: ({ action, id }) => (action ? `${id} ${action.type}` : "menu"),
    create: (item) => (item.secondary ? menu(item.secondary.map(drawn)) : drawn(item)),
  });
  const panel = (node, { action, id }) => {
    showCard(node, action.card ?? {}, { ...context, id });
    node.hidden = context.kept.get(id) !== "open";
    return node;
  };
  reconcile(panels, items.filter(({ action }) => action.type === "Action.ShowCard"), {
    key: ({ id }) => id,
    create: (item) => panel(h("div", { class: "c-shown", id: item.id }), item),
    update: panel,
  });
  return parent;
}

function button(action, attributes) {
  const style = ["positive", "destructive"].includes(action.style) ? action.style : "";
  const disabled = action.isEnabled === false;
  return h(
    "button",
    { type: "button", class: `c-button ${style}`, title: action.tooltip, disabled, ...attributes },
    String(action.title ?? ""),
  );
}

/** What Teams puts behind three dots. */
function menu(entries) {
  for (const entry of entries) {
    entry.classList.add("menu-item");
    entry.addEventListener("click", () => (entry.closest("details").open = false));
  }
  return h(
    "details",
    { class: "menu" },
    h("summary", { class: "c-button", "aria-label": "More actions", title: "More actions" }, "⋯"),
    h("div", { class: "menu-items" }, entries),
  );
}

function execute(action, context) {
  const onclick = (event) => {
    const inputs = gather(event.currentTarget, action.associatedInputs !== "none");
    if (inputs) context.press(action, inputs);
  };
  return button(action, { onclick });
}

function showButton(action, { kept }, id) {
  const onclick = (event) => {
    const opens = kept.get(id) !== "open";
    // One card of a row is open at a time.
    for (const other of event.currentTarget.closest(".c-buttons").querySelectorAll("[aria-expanded]")) {
      const isOpen = opens && other === event.currentTarget;
      const panel = document.getElementById(other.getAttribute("aria-controls"));
      other.setAttribute("aria-expanded", String(isOpen));
      panel.hidden = !isOpen;
      kept.set(panel.id, isOpen ? "open" : "closed");
    }
    if (!opens) return;
    const panel = document.getElementById(id);
    panel.querySelector("input, textarea, button")?.focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest" });
  };
  return button(action, { onclick, "aria-expanded": String(kept.get(id) === "open"), "aria-controls": id });
}

function openUrl(action) {
  if (!isAddress(action.url ?? "")) return button(action, { disabled: true });
  return h(
    "a",
    { class: "c-button", href: action.url, title: action.tooltip, target: "_blank", rel: "noopener noreferrer" },
    String(action.title ?? action.url),
  );
}
