// The workflow pane: the executions, where the chosen one stands, the picture of the machine, output and history.

import { act } from "./api.js";
import { clockTime, h, json, reconcile, setText } from "./dom.js";
import { draw, progress, took } from "./graph.js";

/** Below this, a deadline is near. */
const NEAR_SECONDS = 60;
const WIDTH = { min: 330, max: 620 };
// Of the words that workflows answer with, those that are no good end. Any other is as good as its execution's end.
const TONES = {
  running: "busy", expired: "warn", cancelled: "warn", "invalid input": "warn",
  rejected: "bad", undeliverable: "bad", failed: "bad",
};

const body = document.getElementById("workflow-body");
let page = null;
let chosen = null;
let parts = null;
let drawn = "";
let lastStatus = new Map();

/** Gets the pane going. */
export function start(shared) {
  page = shared;
  const command = h("code", null, "/start 125 122");
  const empty = h("p", { class: "empty" }, "No execution yet. Type ", command, " in the Slack pane.");
  const runs = h("ul", { class: "runs", "aria-label": "Executions, the newest first" });
  const banner = h("div", { class: "banner" });
  const left = h("span", { class: "left", role: "timer" });
  const skip = h("button", { type: "button", class: "quiet", onclick: skipToDeadline }, "Skip to the deadline");
  const countdown = h("p", { class: "countdown", hidden: true }, left, skip);
  const picture = h("div", { class: "picture" });
  const input = details("Input");
  const output = details("Output");
  const history = h("ol", { class: "history" });
  const summary = h("summary");
  const past = h("details", { class: "section" }, summary, history);
  const box = h("div", null, runs, banner, countdown, picture, output.node, input.node, past);
  body.append(empty, box);
  parts = { empty, runs, banner, left, skip, countdown, picture, input, output, history, summary, past };
  new ResizeObserver(() => page.state() && picture.clientWidth && drawPicture(page.state())).observe(picture);
  setInterval(tick, 1000);
}

function details(name) {
  const content = h("div");
  const node = h("details", { class: "section" }, h("summary", null, name), content);
  return { node, content };
}

/** The execution whose history is wanted: the newest, unless another was picked. */
export function wanted() {
  return chosen;
}

/** Picks an execution by its ARN. */
export function pick(arn) {
  const newest = page.state()?.workflow.executions[0]?.arn;
  // Whoever picks the newest wants the newest, whichever that will be.
  chosen = arn === newest ? null : arn;
  page.refresh();
}

/** Shows what there is now. */
export function show(state) {
  const { workflow } = state;
  const run = shownRun(state);
  parts.empty.hidden = Boolean(run);
  const { runs, banner: headline, past, input, output } = parts;
  for (const node of [runs, headline, past, input.node, output.node]) node.hidden = !run;
  const items = workflow.executions.map((item) => ({ ...item, current: item.arn === run?.arn }));
  reconcile(runs, items, { key: (item) => item.arn, create: entry });
  drawPicture(state);
  if (run) {
    reconcile(headline, [{ ...standing(run, state), arn: run.arn }], { key: () => "banner", create: banner });
    output.node.hidden = run.status === "RUNNING";
    const result = run.output ?? { error: run.error, cause: parsed(run.cause) };
    reconcile(output.content, [result], { key: () => "json", create: json });
    reconcile(input.content, [run.input], { key: () => "json", create: json });
    setText(parts.summary, `History: ${workflow.history.length} events`);
    const events = workflow.history.map((event) => ({ event, start: run.start, key: `${run.arn} ${event.id}` }));
    reconcile(parts.history, events, { key: (item) => item.key, create: step });
  }
  tick();
  announce(workflow.executions);
}

function shownRun({ workflow }) {
  return workflow.executions.find((run) => run.arn === workflow.shown) ?? workflow.executions[0];
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function drawPicture(state) {
  const { workflow } = state;
  if (!workflow.definition) return;
  const width = Math.round(Math.min(WIDTH.max, Math.max(WIDTH.min, parts.picture.clientWidth || 0)));
  const run = shownRun(state);
  const found = progress(run ? workflow.history : [], run, workflow.definition);
  const print = JSON.stringify([workflow.machine, width, run?.arn, run?.status, [...found.marks], [...found.taken]]);
  if (print === drawn) return;
  drawn = print;
  parts.picture.replaceChildren(draw(workflow.definition, width, found));
}

function nameOf(run) {
  const { x, y } = run.input ?? {};
  return x !== undefined || y !== undefined ? `${x ?? "?"} + ${y ?? "?"}` : run.name;
}

function entry(run) {
  return h(
    "li",
    null,
    h(
      "button",
      { type: "button", onclick: () => pick(run.arn), "aria-current": run.current ? "true" : null },
      h("span", { class: `dot ${tone(run)}`, "aria-hidden": "true" }),
      h("span", { class: "run-name" }, nameOf(run)),
      h("span", { class: `run-status ${tone(run)}` }, word(run)),
      h("time", { class: "dim", datetime: run.start }, clockTime(run.start, true)),
    ),
  );
}

/** What the workflow answered, or else how the execution stands. */
function word(run) {
  const answer = run.status === "SUCCEEDED" ? run.output?.status : null;
  return String(answer ?? run.status).toLowerCase().replaceAll("_", " ");
}

function tone(run) {
  return TONES[word(run)] ?? (run.status === "SUCCEEDED" ? "good" : "bad");
}

/** The headline: what is going on, and what came of it. */
function standing(run, state) {
  const words = word(run);
  const spent = run.stop ? `took ${took(run.start, run.stop)}` : `started ${clockTime(run.start, true)}`;
  if (run.status === "RUNNING") {
    const approval = approvalOf(run, state);
    const waits = approval?.status === "pending";
    const have = waits && approval.required > 1 ? ` (${approval.approvals} of ${approval.required})` : "";
    const title = waits ? `Waiting for a decision${have}` : "Running";
    return { tone: "busy", title, text: `${nameOf(run)}, ${spent}` };
  }
  const output = run.output ?? {};
  const result = output.result ?? output.number;
  const people = output.approvedBy ?? output.decision?.decidedBy ?? [];
  const place = { slack: "in Slack", teams: "in Teams", email: "by e-mail" };
  const said = ({ name, platform, comment }) => `${name} ${place[platform] ?? ""}${comment ? `: “${comment}”` : ""}`;
  const by = people.map(said).join("; ");
  const reason = output.reason ?? [run.error, run.cause].filter(Boolean).join(": ");
  const title = words[0].toUpperCase() + words.slice(1) + (result === undefined ? "" : `: ${result}`);
  return { tone: tone(run), title, text: [reason, by, spent].filter(Boolean).join(" · ") };
}

function banner({ tone, title, text }) {
  return h("div", { class: `standing ${tone}` }, h("strong", null, title), h("span", null, text));
}

function approvalOf(run, state) {
  const own = state.approvals.filter((approval) => approval.execution === run?.arn);
  return own.find((approval) => approval.status === "pending") ?? own[0];
}

function secondsLeft() {
  const state = page.state();
  const approval = state && approvalOf(shownRun(state), state);
  if (approval?.status !== "pending") return null;
  return Math.ceil((new Date(approval.deadline) - page.now()) / 1000);
}

function tick() {
  const seconds = secondsLeft();
  parts.countdown.hidden = seconds === null;
  if (seconds === null) return;
  const rest = Math.max(0, seconds);
  const [minutes, whole] = [Math.floor(rest / 60), String(rest % 60).padStart(2, "0")];
  setText(parts.left, rest ? `${minutes}:${whole} left to decide` : "The time is up");
  parts.countdown.classList.toggle("near", rest < NEAR_SECONDS);
  parts.skip.hidden = rest === 0;
}

async function skipToDeadline() {
  const seconds = secondsLeft();
  if (seconds === null) return;
  const answer = await act("clock", { seconds: Math.max(1, seconds) });
  if (answer.problem) page.toast(answer.problem);
}

function step({ event, start }) {
  const since = `+${took(start, event.timestamp)}`;
  return h(
    "li",
    null,
    h(
      "details",
      null,
      h(
        "summary",
        null,
        h("span", { class: "step-id dim" }, String(event.id)),
        h("span", { class: /Failed|TimedOut|Aborted/.test(event.type) ? "step-type bad" : "step-type" }, event.type),
        h("span", { class: "step-state dim" }, event.state ?? ""),
        h("time", { class: "dim", datetime: event.timestamp }, since),
      ),
      json(event.details),
    ),
  );
}

function announce(executions) {
  const statuses = new Map(executions.map((run) => [run.arn, run.status]));
  for (const run of executions) {
    const before = lastStatus.get(run.arn);
    if (before && before !== run.status) {
      page.announce(`The workflow ${nameOf(run)} has ended: ${word(run)}`);
      page.news("workflow");
    }
  }
  lastStatus = statuses;
}
