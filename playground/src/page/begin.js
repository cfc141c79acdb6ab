// What to begin with in this world: a command to type where one starts something, or else a machine to start.

import { h } from "./dom.js";

/** What to type in Slack and Teams to start something, without a slash; nothing where no command does. */
export function example({ commands }) {
  return commands[0]?.example ?? null;
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
