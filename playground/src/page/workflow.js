// The workflow pane: the executions, where the chosen one stands, the picture of the machine, output and history.

import { act } from "./api.js";
import { example, firstStep } from "./begin.js";
import { clockTime, h, json, reconcile, setText } from "./dom.js";
import { draw, took } from "./graph.js";
import { progress } from "./progress.js";
import { approvalsOf, nameOf, parsed, standing, tone, word } from "./standing.js";
import * as starter from "./starter.js";

/** Below this, a deadline is near. */
const NEAR_SECONDS = 60;
const WIDTH = { min: 300, max: 620 };
const body = document.getElementById("workflow-body");
let page = null;
let chosen = null;
let parts = null;
let drawn = "";
let lastStatus = new Map();

/** Gets the pane going. */
export function start(shared) {
  page = shared;
  const empty = h("p", { class: "empty" });
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
  const begin = starter.form(shared, pick);
  const box = h("div", null, runs, banner, countdown, picture, output.node, input.node, past);
  body.append(begin, empty, box);
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
  reconcile(parts.empty, run ? [] : [{ key: "first" }], {
    key: ({ key }) => key,
    create: () => h("span", null, "No execution yet. ", example(state) && firstStep(state)),
  });
  starter.show(state);
  const { runs, banner: headline, past, input, output } = parts;
  for (const node of [runs, headline, past, input.node, output.node]) node.hidden = !run;
  const titled = (item) => ({ ...item, current: item.arn === run?.arn, title: nameOf(item, state) });
  const items = workflow.executions.map(titled);
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
  announce(state);
}

function shownRun({ workflow }) {
  return workflow.executions.find((run) => run.arn === workflow.shown) ?? workflow.executions[0];
}

function drawPicture(state) {
  const { workflow } = state;
  const run = shownRun(state);
  const machine = run ? workflow.machines.find(({ arn }) => arn === run.machine) : starter.chosenMachine(state);
  parts.picture.hidden = !machine?.definition;
  if (!machine?.definition) return;
  const width = Math.round(Math.min(WIDTH.max, Math.max(WIDTH.min, parts.picture.clientWidth || 0)));
  const found = progress(run ? workflow.history : [], run, machine.definition);
  const print = JSON.stringify([machine.arn, width, run?.arn, run?.status, [...found.marks], [...found.taken]]);
  if (print === drawn) return;
  drawn = print;
  parts.picture.replaceChildren(draw(machine, width, found));
}

function entry(run) {
  return h(
    "li",
    null,
    h(
      "button",
      { type: "button", onclick: () => pick(run.arn), "aria-current": run.current ? "true" : null },
      h("span", { class: `dot ${tone(run)}`, "aria-hidden": "true" }),
      h("span", { class: "run-name" }, run.title),
      h("span", { class: `run-status ${tone(run)}` }, word(run)),
      h("time", { class: "dim", datetime: run.start }, clockTime(run.start, true)),
    ),
  );
}

function banner({ tone, title, text }) {
  return h("div", { class: `standing ${tone}` }, h("strong", null, title), h("span", null, text));
}

function secondsLeft() {
  const state = page.state();
  const approval = state && approvalsOf(shownRun(state), state)[0];
  if (approval?.status !== "pending") return null;
  return Math.ceil((new Date(approval.deadline) - page.now()) / 1000);
}

function tick() {
  const seconds = secondsLeft();
  parts.countdown.hidden = seconds === null;
  if (seconds === null) return;
  const rest = Math.max(0, seconds);
  setText(parts.left, rest ? `${spell(rest)} left to decide` : "The time is up");
  parts.countdown.classList.toggle("near", rest < NEAR_SECONDS);
  parts.skip.hidden = rest === 0;
}

/** To the second in the last hour, and otherwise as people say how long it is. */
function spell(seconds) {
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
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

function announce(state) {
  const { executions } = state.workflow;
  const statuses = new Map(executions.map((run) => [run.arn, run.status]));
  for (const run of executions) {
    const before = lastStatus.get(run.arn);
    if (before && before !== run.status) {
      page.announce(`The workflow ${nameOf(run, state)} has ended: ${word(run)}`);
      page.news("workflow");
    }
  }
  lastStatus = statuses;
}
