// What to begin with in this world: a command to type where one starts something, or else a machine to start.

import { h } from "./dom.js";

/** The command that starts the first machine; nothing where no command does. */
function firstCommand({ commands, workflow }) {
  const command = commands[0];
  return command?.machine === workflow.machines[0].name ? command : null;
}

/** What to type in Slack and Teams to start it, without a slash. */
export function example(state) {
  return firstCommand(state)?.example ?? null;
}

/** The key of somebody who may start it, and whose request could be approved. */
export function firstStarter(state) {
  return firstCommand(state)?.starts[0]?.person ?? null;
}

/** Who has to start it first if `me` may not, and who approves it then: by their names. */
export function firstPeople(state, me) {
  const command = firstCommand(state);
  if (!command) return { starter: null, approvers: state.workflow.machines[0].approvers };
  const own = command.starts.find(({ person }) => person === me.key);
  const start = own ?? command.starts[0];
  const starter = own ? null : (state.people.find(({ key }) => key === start?.person)?.name ?? null);
  return { starter, approvers: start?.approvers ?? [] };
}

/** A sentence that says what to do first. */
export function firstStep(state) {
  const typed = example(state);
  if (typed) return ["Type ", h("code", null, `/${typed}`), " in the Slack pane."];
  return ["Start ", h("strong", null, state.workflow.machines[0].name), " in the Workflow pane."];
}

/** Buttons that fill in what they say; `fillIn` gets the text. */
export function chips(texts, fillIn) {
  return texts.map((text) => h("button", { type: "button", class: "chip", onclick: () => fillIn(text) }, text));
}
