// The fields of a command as a form. What they take and what is wrong with them is the bot's to say.

import { h } from "./dom.js";

/** The fields of a command; `kept` has what is written in them by their names, and learns what is written from now on. */
export function fieldsOf(command, kept) {
  const all = command.fields.map((field) => row(command, field, kept));
  return {
    nodes: all.map(({ node }) => node),
    values: () => Object.fromEntries(all.map(({ name, control }) => [name, control.value])),
    /** Puts each mistake under its field, and the keyboard where the first one is. */
    show(mistakes) {
      for (const one of all) one.show(mistakes[one.name]);
      all.find(({ name }) => mistakes[name])?.control.focus();
    },
  };
}

function row(command, field, kept) {
  const id = `start-${command.name}-${field.name}`;
  const control = field.menu ? menu(field, id) : box(field, id);
  control.value = kept[field.name] ?? field.value;
  control.addEventListener("input", () => {
    kept[field.name] = control.value;
    show(null);
  });
  const optional = !field.required && h("span", { class: "dim" }, " (optional)");
  const takes = h("p", { class: "takes dim", id: `${id}-takes`, hidden: !field.takes }, field.takes ?? "");
  const wrong = h("p", { class: "problem", id: `${id}-wrong`, hidden: true });
  const node = h("div", { class: "field" }, h("label", { for: id }, field.label, optional), control, takes, wrong);
  function show(mistake) {
    wrong.hidden = !mistake;
    wrong.textContent = mistake ? `It ${mistake}.` : "";
    control.setAttribute("aria-invalid", String(Boolean(mistake)));
  }
  return { name: field.name, node, control, show };
}

function describedBy(id) {
  return { id, "aria-describedby": `${id}-takes ${id}-wrong` };
}

function menu(field, id) {
  const options = field.menu.map(([text, value]) => h("option", { value }, text));
  return h("select", describedBy(id), h("option", { value: "" }, "Choose an option"), options);
}

/** Numbers are text, since an input for numbers leaves out what it cannot read. */
function box({ kind, maxLength }, id) {
  const attributes = { ...describedBy(id), maxlength: kind === "date" ? null : maxLength, spellcheck: "false" };
  if (kind === "lines") return h("textarea", { ...attributes, rows: "3", class: "lines" });
  const type = kind === "date" ? "date" : "text";
  return h("input", { ...attributes, type, inputmode: kind === "number" ? "decimal" : null });
}
