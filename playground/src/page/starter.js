// Starts an execution of a machine that is loaded: with the fields of a command that starts it, or with an input that is
// typed as JSON.

import { act } from "./api.js";
import { h, reconcile, setText } from "./dom.js";
import { fieldsOf } from "./form.js";

let page = null;
let parts = null;
let started = () => {};
/** The fields that are shown, and the command that they are of. */
let fields = null;
/** What was typed, by the entry of the menu. */
const drafts = new Map();
const written = new Map();
/** The entries whose input is to be typed as JSON although a command has fields for it. */
const asJson = new Set();

/** The form; `onStart` learns the ARN of what was started. */
export function form(shared, onStart) {
  page = shared;
  started = onStart;
  const menu = h("select", { id: "start-what", onchange: turn });
  const chosen = h("div", { class: "start-what" }, h("label", { for: menu.id }, "What to start"), menu);
  const ways = ["Fields", "JSON"].map((way) => h("button", { type: "button", onclick: () => write(way) }, way));
  const toggle = h("div", { class: "toggle", role: "group", "aria-label": "Write the input as" }, ways);
  const filled = h("div", { class: "start-fields" });
  const input = h("textarea", { id: "start-input", rows: "6", spellcheck: "false", "aria-describedby": "start-problem" });
  input.addEventListener("input", () => drafts.set(menu.value, input.value));
  const json = h("div", { class: "field" }, h("label", { for: input.id }, "Input (JSON)"), input);
  const problem = h("p", { class: "problem", id: "start-problem", role: "alert", hidden: true });
  const button = h("button", { class: "b-button primary" }, "Start");
  const content = [chosen, toggle, filled, json, problem, button];
  const node = h(
    "details",
    { class: "section first" },
    h("summary", null, "Start an execution"),
    h("form", { class: "starter", onsubmit: submit, novalidate: true, autocomplete: "off" }, content),
  );
  parts = { node, menu, chosen, toggle, ways, filled, input, json, problem, button };
  return node;
}

/** Each command that starts a machine, and each machine that no command starts. */
function entries({ workflow, commands }) {
  return workflow.machines.flatMap((machine) => {
    const own = commands.filter((command) => command.machine === machine.name);
    const named = ({ name, title }) => (title.toLowerCase() === name ? title : `${title} (${name})`);
    const ofCommand = (command) => ({ key: `command ${command.name}`, label: named(command), machine, command });
    return own.length ? own.map(ofCommand) : [{ key: `machine ${machine.name}`, label: machine.name, machine, command: null }];
  });
}

function chosenEntry(state) {
  const all = entries(state);
  return all.find(({ key }) => key === parts.menu.value) ?? all[0];
}

/** Shows what there is to start, and opens where there is nothing else to begin with. */
export function show(state) {
  const { node, menu, chosen } = parts;
  const isFirst = menu.options.length === 0;
  const all = entries(state).map(({ key, label }) => ({ key, label }));
  reconcile(menu, all, { key: ({ key }) => key, create: ({ key, label }) => h("option", { value: key }, label) });
  chosen.hidden = all.length === 1;
  if (isFirst) node.open = state.workflow.executions.length === 0 && state.commands.length === 0;
  draw(state, isFirst);
}

/** The machine that is to be started. */
export function chosenMachine(state) {
  return chosenEntry(state).machine;
}

function draw(state, isOther) {
  const entry = chosenEntry(state);
  const { command } = entry;
  const byFields = Boolean(command) && !asJson.has(entry.key);
  const { toggle, ways, filled, input, json, button } = parts;
  toggle.hidden = !command;
  ways.forEach((way, index) => way.setAttribute("aria-pressed", String(byFields === (index === 0))));
  filled.hidden = !byFields;
  json.hidden = byFields;
  // Whoever fills in the fields of a command asks for it themself; JSON says who does.
  setText(button, byFields ? `Start as ${page.person().name}` : "Start");
  if (isOther) input.value = drafts.get(entry.key) ?? JSON.stringify(entry.machine.input ?? {}, null, 2);
  if (!byFields || fields?.version === command.version) return;
  if (!written.has(entry.key)) written.set(entry.key, given(entry));
  fields = { version: command.version, ...fieldsOf(command, written.get(entry.key)) };
  filled.replaceChildren(...fields.nodes);
}

/** What the input to begin with has for the fields, as one would write it. */
function given({ machine, command }) {
  const texts = new Map([[null, ""], [true, "yes"], [false, "no"]]);
  const known = command.fields.filter(({ name }) => machine.input?.[name] !== undefined);
  const text = (value) => texts.get(value) ?? String(value);
  return Object.fromEntries(known.map(({ name }) => [name, text(machine.input[name])]));
}

function turn() {
  say(null);
  draw(page.state(), true);
  page.refresh();
}

function write(way) {
  const { key } = chosenEntry(page.state());
  if (way === "JSON") asJson.add(key);
  else asJson.delete(key);
  turn();
}

async function submit(event) {
  event.preventDefault();
  const entry = chosenEntry(page.state());
  const byFields = Boolean(entry.command) && !asJson.has(entry.key);
  parts.button.disabled = true;
  const answer = await (byFields ? startCommand(entry) : startMachine(entry));
  parts.button.disabled = false;
  say(answer.problem);
  if (byFields) fields.show(answer.mistakes ?? {});
  parts.input.setAttribute("aria-invalid", String(!byFields && Boolean(answer.problem)));
  if (answer.execution) hasStarted(answer.execution);
  else if (!byFields) parts.input.focus();
  else if (answer.problem) parts.button.focus();
}

function startCommand({ command }) {
  const { name, version } = command;
  return act("commands", { person: page.person().key, command: name, version, values: fields.values() });
}

function startMachine({ machine }) {
  // As text, since JavaScript would round large numbers.
  return act("executions", { machine: machine.name, input: parts.input.value });
}

/** What has begun is of more interest now than the form. The keyboard stays at what opens it again. */
function hasStarted(execution) {
  parts.node.open = false;
  parts.node.querySelector("summary").focus({ preventScroll: true });
  started(execution);
}

function say(problem) {
  parts.problem.hidden = !problem;
  parts.problem.textContent = problem ?? "";
}
