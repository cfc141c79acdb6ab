// Block Kit as it was really sent, drawn the way Slack draws it.

import { h, reconcile } from "./dom.js";
import { richText } from "./mrkdwn.js";
import { richTextBlock } from "./rich.js";

/**
 * Shows the blocks of a message; a block that is still there keeps its node, and what was typed in it.
 * `context` has `names`, `draft(block)`, `setDraft(block, text)` and `press(element, option)`, the latter the text of what
 * was chosen in a menu.
 */
export function showBlocks(parent, blocks, context) {
  const items = blocks.map((block, index) => ({ block: block.type === "input" ? block : nameless(block), index }));
  const key = ({ block, index }) => (block.type === "input" ? `input ${block.block_id}` : `${index} ${block.type}`);
  reconcile(parent, items, { key, create: (item) => draw(item.block, context) });
}

/** Only inputs are asked for by id; the ids that Slack makes up for other blocks change with every update. */
function nameless({ block_id: _, ...block }) {
  return block;
}

/** A text object. */
export function text(object, names) {
  if (object.type === "mrkdwn") return richText(object.text, names);
  return [document.createTextNode(object.text)];
}

/** Draws one block. */
export function draw(block, context) {
  const { names } = context;
  switch (block.type) {
    case "header":
      return h("h3", { class: "b-header" }, ...text(block.text, names));
    case "section":
      return section(block, context);
    case "rich_text":
      return richTextBlock(block, names);
    case "context":
      return h(
        "div",
        { class: "b-context" },
        block.elements.map((element) => h("span", null, ...text(element, names))),
      );
    case "divider":
      return h("hr", { class: "b-divider" });
    case "input":
      return input(block, context);
    case "actions":
      return h("div", { class: "b-actions" }, block.elements.map((element) => button(element, context)));
    default:
      return h("p", { class: "dim" }, `(a block of type ${block.type})`);
  }
}

function section(block, context) {
  const { names } = context;
  return h(
    "div",
    { class: "b-section" },
    block.text && h("p", null, ...text(block.text, names)),
    block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("p", null, ...text(field, names)))),
    block.accessory && button(block.accessory, context),
  );
}

function input(block, context) {
  const id = `input-${context.id}-${block.block_id}`;
  const field = h(block.element.multiline ? "textarea" : "input", {
    id,
    rows: block.element.multiline ? 2 : null,
    maxlength: block.element.max_length,
    placeholder: block.element.placeholder?.text,
    oninput: (event) => context.setDraft(block.block_id, event.target.value),
  });
  field.value = context.draft(block.block_id);
  field.dataset.block = block.block_id;
  return h(
    "div",
    { class: "b-input" },
    h("label", { for: id }, block.label.text, block.optional && h("span", { class: "dim" }, " (optional)")),
    field,
    block.hint && h("p", { class: "dim" }, block.hint.text),
  );
}

function button(element, context) {
  if (element.type === "overflow") return menu(element, context);
  if (element.type !== "button") return h("p", { class: "dim" }, `(an element of type ${element.type})`);
  return h(
    "button",
    { type: "button", class: `b-button ${element.style ?? ""}`, onclick: () => context.press(element) },
    element.text.text,
  );
}

function menu(element, context) {
  const choose = (event, text) => {
    event.currentTarget.closest("details").open = false;
    context.press(element, text);
  };
  const options = element.options.map(({ text: { text } }) =>
    h("button", { type: "button", class: "menu-item", onclick: (event) => choose(event, text) }, text),
  );
  return h(
    "details",
    { class: "menu" },
    h("summary", { class: "b-button", "aria-label": "More actions", title: "More actions" }, "⋯"),
    h("div", { class: "menu-items" }, options),
  );
}
