// The inputs of an Adaptive Card: what is typed is kept while the card changes, and checked before it is sent.

import { h } from "./dom.js";

/** Draws an input of any kind; `context` is that of `showCard`. */
export function input(element, context) {
  const id = `${context.id}-${element.id}`;
  const isNumber = element.type === "Input.Number";
  const isMenu = element.type === "Input.ChoiceSet";
  const isDate = element.type === "Input.Date";
  const isLong = element.type === "Input.Text" && element.isMultiline === true;
  if (element.type === "Input.Toggle") return toggle(element, id, context);
  const problem = h("p", { class: "problem", id: `${id}-problem`, role: "alert", hidden: true });
  const attributes = {
    id,
    type: isLong || isMenu ? null : isNumber ? "number" : isDate ? "date" : "text",
    rows: isLong ? "2" : null,
    step: isNumber ? "any" : null,
    min: element.min,
    max: element.max,
    maxlength: element.maxLength,
    placeholder: element.placeholder,
    required: element.isRequired === true,
    "aria-describedby": problem.id,
    "aria-label": element.label ? null : (element.placeholder ?? element.id),
    "data-input": element.id,
    "data-error": element.errorMessage,
    oninput: () => {
      context.kept.set(id, field.value);
      mark(field, "");
    },
  };
  const field = isMenu ? menu(element, attributes) : h(isLong ? "textarea" : "input", attributes);
  field.value = context.kept.get(id) ?? element.value ?? "";
  const star = element.isRequired === true && h("span", { class: "bad", "aria-hidden": "true" }, " *");
  const label = element.label && h("label", { for: id }, element.label, star);
  return h("div", { class: "c-input" }, label, field, problem);
}

/** A box to tick; what it says when it is not is a value of its own. */
function toggle({ title, value, valueOn = "true", valueOff = "false", isRequired, errorMessage, id: name }, id, context) {
  const problem = h("p", { class: "problem", id: `${id}-problem`, role: "alert", hidden: true });
  const box = h("input", {
    id,
    type: "checkbox",
    required: isRequired === true,
    "aria-describedby": problem.id,
    "data-input": name,
    "data-error": errorMessage,
    "data-on": valueOn,
    "data-off": valueOff,
    onchange: () => {
      context.kept.set(id, box.checked);
      mark(box, "");
    },
  });
  box.checked = context.kept.get(id) ?? value === valueOn;
  return h("div", { class: "c-input" }, h("label", { for: id, class: "c-toggle" }, box, " ", title), problem);
}

/** What stands in an input. */
function valueOf(field) {
  return field.type === "checkbox" ? (field.checked ? field.dataset.on : field.dataset.off) : field.value;
}

/** A menu in which nothing need be chosen. */
function menu({ choices, placeholder }, attributes) {
  const options = choices.map(({ title, value }) => h("option", { value }, title));
  return h("select", attributes, h("option", { value: "" }, placeholder ?? "Choose an option"), options);
}

/**
 * What was typed in the card of this button and in the cards around it, by id, or nothing unless it is `wanted`;
 * `null` if something is missing or wrong, which is then shown.
 */
export function gather(button, wanted) {
  if (!wanted) return {};
  const cards = [];
  for (let card = button.closest(".c-card"); card; card = card.parentElement.closest(".c-card")) cards.unshift(card);
  const own = (card) => [...card.querySelectorAll("[data-input]")].filter((field) => field.closest(".c-card") === card);
  const fields = cards.flatMap(own);
  const wrong = fields.filter((field) => !field.checkValidity());
  const says = (field) => field.dataset.error ?? field.validationMessage;
  for (const field of fields) mark(field, wrong.includes(field) ? says(field) : "");
  wrong[0]?.focus();
  return wrong.length ? null : Object.fromEntries(fields.map((field) => [field.dataset.input, valueOf(field)]));
}

function mark(field, text) {
  const problem = document.getElementById(`${field.id}-problem`);
  problem.hidden = !text;
  problem.textContent = text;
  field.setAttribute("aria-invalid", String(Boolean(text)));
}
