// Starts an execution of a machine that is loaded, with an input that is typed as JSON.

import { act } from "./api.js";
import { h, reconcile } from "./dom.js";

let page = null;
let parts = null;
let started = () => {};
/** What was typed for each machine. */
const drafts = new Map();

/** The form; `onStart` learns the ARN of what was started. */
export function form(shared, onStart) {
  page = shared;
  started = onStart;
  const machine = h("select", { id: "start-machine", onchange: showInput });
  const chosen = h("div", { class: "start-machine" }, h("label", { for: machine.id }, "State machine"), machine);
  const input = h("textarea", { id: "start-input", rows: "6", spellcheck: "false", "aria-describedby": "start-problem" });
  input.addEventListener("input", () => drafts.set(machine.value, input.value));
  const problem = h("p", { class: "problem", id: "start-problem", role: "alert", hidden: true });
  const fields = h(
    "form",
    { class: "starter", onsubmit: submit, autocomplete: "off" },
    chosen,
    h("label", { for: input.id }, "Input (JSON)"),
    input,
    problem,
    h("button", { class: "b-button primary" }, "Start"),
  );
  const summary = h("summary", null, "Start an execution");
  const node = h("details", { class: "section first" }, summary, fields);
  parts = { node, machine, chosen, input, problem };
  return node;
}

/** Shows which machines there are, and opens where there is nothing else to begin with. */
export function show(state) {
  const { machines, executions } = state.workflow;
  const { node, machine, chosen, input } = parts;
  const isFirst = machine.options.length === 0;
  reconcile(machine, machines, { key: ({ name }) => name, create: ({ name }) => h("option", { value: name }, name) });
  chosen.hidden = machines.length === 1;
  if (!isFirst) return;
  node.open = executions.length === 0 && state.commands.length === 0;
  input.value = inputOf(machines[0]);
}

/** The machine that is to be started. */
export function chosenMachine({ workflow }) {
  return workflow.machines.find(({ name }) => name === parts.machine.value) ?? workflow.machines[0];
}

function inputOf({ name, input }) {
  return drafts.get(name) ?? JSON.stringify(input ?? {}, null, 2);
}

function showInput() {
  parts.problem.hidden = true;
  parts.input.value = inputOf(chosenMachine(page.state()));
  page.refresh();
}

async function submit(event) {
  event.preventDefault();
  const { machine, input, problem } = parts;
  // As text, since JavaScript would round large numbers.
  const answer = await act("executions", { machine: machine.value, input: input.value });
  problem.hidden = !answer.problem;
  problem.textContent = answer.problem ?? "";
  input.setAttribute("aria-invalid", String(Boolean(answer.problem)));
  if (answer.problem) input.focus();
  else {
    // What has begun is of more interest now.
    parts.node.open = false;
    started(answer.execution);
  }
}
