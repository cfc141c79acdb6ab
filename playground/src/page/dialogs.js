// The two dialogs of Slack: "are you sure" before a press, and the form that the bot opens.

import { act } from "./api.js";
import { h } from "./dom.js";
import { draw, text } from "./blocks.js";

/** Where the keyboard goes when a dialog has gone: back to where it was, or to what has come in its place. */
function returner() {
  const before = document.activeElement;
  const around = before?.closest("article");
  return () => {
    const isThere = (node) => node?.isConnected && node !== document.body && node.getClientRects().length > 0;
    const back = [before, around, document.getElementById("command")].find(isThere);
    back?.focus({ preventScroll: true });
  };
}

/** Asks before a press; resolves to whether to go on. */
export function confirm(object, names) {
  return new Promise((resolve) => {
    const danger = object.style === "danger";
    const giveBack = returner();
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "confirm-title" },
      h(
        "form",
        { method: "dialog" },
        h("h3", { id: "confirm-title" }, object.title.text),
        h("p", null, ...text(object.text, names)),
        h(
          "div",
          { class: "dialog-buttons" },
          h("button", { class: "b-button", value: "no" }, object.deny.text),
          h("button", { class: `b-button ${danger ? "danger" : "primary"} solid`, value: "yes" }, object.confirm.text),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      giveBack();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

let open = null;

/** Shows the form that is open in front of this person, or puts away what is not open any more. */
export function showView(view, person, names) {
  // The bot may put another view in the place of a form that was submitted, under the same id.
  const key = view ? JSON.stringify([person.key, view.id, view.view]) : null;
  if (open?.key === key) return;
  // One view in the place of another returns the focus to where it was before the first.
  const giveBack = open?.giveBack ?? returner();
  open?.dialog.remove();
  open = key ? { key, giveBack, dialog: form(view.view, person, names) } : null;
  if (open) open.dialog.showModal();
  else giveBack();
}

function form(view, person, names) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const inputs = view.blocks.filter((block) => block.type === "input").map(input);
  const drawn = new Map(inputs.map(({ block, node }) => [block, node]));
  const close = () => act("slack/close", { person: person.key });
  const submit = async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(inputs.map(({ block, written }) => [block.block_id, written()]));
    const answer = await act("slack/submit", { person: person.key, values });
    // What Slack itself keeps back has reached no bot.
    const isAnswered = answer.status === 200 || answer.status === 0;
    const failed = answer.problem ?? answer.errors?.view ?? (isAnswered ? null : `The bot answered ${answer.status}.`);
    problem.hidden = !failed;
    problem.textContent = failed ?? "";
    for (const entry of inputs) entry.show(answer.errors?.[entry.block.block_id]);
    inputs.find(({ block }) => answer.errors?.[block.block_id])?.field.focus();
  };
  const dialog = h(
    "dialog",
    { class: "dialog view", "aria-labelledby": "view-title" },
    h(
      "form",
      { onsubmit: submit, novalidate: true, autocomplete: "off" },
      h("h3", { id: "view-title" }, view.title.text),
      h("div", { class: "blocks" }, view.blocks.map((block) => drawn.get(block) ?? draw(block, { names }))),
      problem,
      h(
        "div",
        { class: "dialog-buttons" },
        h("button", { type: "button", class: "b-button", onclick: close }, view.close?.text ?? "Cancel"),
        view.submit && h("button", { class: "b-button primary solid" }, view.submit.text),
      ),
    ),
  );
  // Escape closes the dialog by itself; the workspace has to know.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  document.body.append(dialog);
  return dialog;
}

function input(block) {
  if (block.element.type === "checkboxes") return boxes(block);
  const id = `view-${block.block_id}`;
  const hint = h("p", { class: "dim", id: `${id}-hint`, hidden: !block.hint }, block.hint?.text);
  const error = h("p", { class: "problem", id: `${id}-error`, hidden: true });
  const field = control(block.element, { id, "aria-describedby": `${id}-hint ${id}-error` });
  const optional = block.optional === true && h("span", { class: "dim" }, " (optional)");
  const node = h("div", { class: "b-input" }, h("label", { for: id }, block.label.text, optional), field, hint, error);
  const show = (text) => {
    error.hidden = !text;
    error.textContent = text ?? "";
    field.setAttribute("aria-invalid", text ? "true" : "false");
  };
  return { block, node, field, show, written: () => field.value };
}

/** Boxes to tick, of which one is sent. */
function boxes(block) {
  const error = h("p", { class: "problem", id: `view-${block.block_id}-error`, hidden: true });
  const { options, initial_options: ticked = [] } = block.element;
  const fields = options.map(({ value }) =>
    h("input", { type: "checkbox", value, checked: ticked.some((one) => one.value === value), "aria-describedby": error.id }),
  );
  const labels = options.map((option, index) => h("label", { class: "b-box" }, fields[index], " ", option.text.text));
  const node = h("fieldset", { class: "b-input" }, h("legend", null, block.label.text), labels, error);
  const show = (text) => {
    error.hidden = !text;
    error.textContent = text ?? "";
  };
  return { block, node, field: fields[0], show, written: () => fields.find((field) => field.checked)?.value ?? "" };
}

/** What one writes in or chooses from. Numbers are text, since an input for numbers leaves out what it cannot read. */
function control(element, attributes) {
  const common = { ...attributes, autofocus: element.focus_on_load, placeholder: element.placeholder?.text };
  if (element.type === "static_select") {
    const options = element.options.map(({ text: { text: shown }, value }) => h("option", { value }, shown));
    const select = h("select", common, h("option", { value: "" }, element.placeholder?.text ?? "Choose an option"), options);
    select.value = element.initial_option?.value ?? "";
    return select;
  }
  const isNumber = element.type === "number_input";
  const isLong = element.multiline === true;
  const field = h(isLong ? "textarea" : "input", {
    ...common,
    type: isLong ? null : element.type === "datepicker" ? "date" : "text",
    inputmode: isNumber ? "decimal" : null,
    maxlength: element.max_length,
  });
  field.value = element.initial_value ?? element.initial_date ?? "";
  return field;
}
