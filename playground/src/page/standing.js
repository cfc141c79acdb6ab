// How an execution stands, in the words of those who look at it.

import { clockTime } from "./dom.js";
import { took } from "./graph.js";

// Of the words that workflows answer with, those that are no good end. Any other is as good as its execution's end.
const TONES = {
  running: "busy", expired: "warn", cancelled: "warn", returned: "warn", "invalid input": "warn",
  rejected: "bad", undeliverable: "bad", failed: "bad",
};
const PLACES = { slack: "in Slack", teams: "in Teams", email: "by e-mail" };

/** The requests of an execution, those that wait first. */
export function approvalsOf(run, state) {
  const own = state.approvals.filter((approval) => approval.execution === run?.arn);
  const waits = ({ status }) => status === "pending";
  return [...own.filter(waits), ...own.filter((approval) => !waits(approval))];
}

/** What to call an execution: the sum that it is about, what it asks, or the machine with its number. */
export function nameOf(run, state) {
  const machine = state.workflow.machines.find(({ arn }) => arn === run.machine)?.name;
  const { x, y } = run.input ?? {};
  if (machine === "calculation" && (x !== undefined || y !== undefined)) return `${x ?? "?"} + ${y ?? "?"}`;
  const [first, ...others] = approvalsOf(run, state);
  return (others.length ? null : first?.title) ?? machine ?? run.name;
}

/** What the workflow answered, or else how the execution stands. */
export function word(run) {
  const answer = run.status === "SUCCEEDED" && typeof run.output?.status === "string" ? run.output.status : null;
  return String(answer ?? run.status).toLowerCase().replaceAll("_", " ");
}

/** Good, bad, or between. */
export function tone(run) {
  return TONES[word(run)] ?? (run.status === "SUCCEEDED" ? "good" : "bad");
}

/** The headline: what is going on, and what came of it. */
export function standing(run, state) {
  const spent = run.stop ? `took ${took(run.start, run.stop)}` : `started ${clockTime(run.start, true)}`;
  if (run.status === "RUNNING") return { tone: "busy", ...waiting(run, state, spent) };
  const words = word(run);
  const output = run.output ?? {};
  const cause = parsed(run.cause);
  const result = output.result ?? output.number;
  const shown = result === undefined || typeof result === "object" ? "" : `: ${result}`;
  const people = output.approvedBy ?? output.decision?.decidedBy ?? cause?.decidedBy ?? [];
  // A machine of somebody's own may give people by their names alone.
  const said = (one) => (typeof one === "string" ? one : decision(one));
  const by = Array.isArray(people) ? people.map(said).join("; ") : "";
  const reason = typeof output.reason === "string" ? output.reason : [run.error, sentence(cause)].filter(Boolean).join(": ");
  const title = words[0].toUpperCase() + words.slice(1) + shown;
  return { tone: tone(run), title, text: [reason, by, spent].filter(Boolean).join(" · ") };
}

function decision({ name, platform, comment }) {
  return [name, PLACES[platform]].filter(Boolean).join(" ") + (comment ? `: “${comment}”` : "");
}

function waiting(run, state, spent) {
  const open = approvalsOf(run, state).filter(({ status }) => status === "pending");
  const [first] = open;
  const have = first?.required > 1 ? ` (${first.approvals} of ${first.required})` : "";
  const title = open.length > 1 ? `Waiting for ${open.length} decisions` : `Waiting for a decision${have}`;
  return { title: first ? title : "Running", text: `${nameOf(run, state)}, ${spent}` };
}

/** JSON as what it says, anything else as it is. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The sentence in a cause: Lambda puts it into an object, with the type of the error beside it. */
function sentence(cause) {
  if (typeof cause === "string") return cause;
  return typeof cause?.errorMessage === "string" ? cause.errorMessage : null;
}
