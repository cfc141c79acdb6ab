// The events pane: what went over the bus, the newest first.

import { firstStep } from "./begin.js";
import { clockTime, h, json, reconcile } from "./dom.js";
import { nameOf } from "./standing.js";

const body = document.getElementById("events-body");
let page = null;
let seen = null;

/** Gets the pane going. */
export function start(shared) {
  page = shared;
}

/** Shows what there is now. */
export function show(state) {
  // The same event can be sent twice, so what tells entries apart is their place on the bus.
  const about = (event) => subject(event, state);
  const keyed = (event, index) => ({ event, about: about(event), key: state.eventsLeftOut + index });
  const items = state.events.map(keyed).toReversed();
  const list = items.length ? items : [{ key: "empty" }];
  reconcile(body, list, { key: (item) => item.key, create: (item) => (item.event ? entry(item) : empty(state)) });
  const count = state.eventsLeftOut + state.events.length;
  if (seen !== null && count > seen) {
    const last = state.events.at(-1);
    page.announce(`Event: ${last["detail-type"]}, ${about(last)}, ${outcome(last).text}`);
    page.news("events");
  }
  seen = count;
}

function empty(state) {
  return h("p", { class: "empty" }, "Outcomes are broadcast here. ", firstStep(state));
}

/** What an event is of: the title of the request, or the execution. */
function subject({ detail }, state) {
  const request = state.approvals.find((approval) => approval.id === detail.approvalId);
  const run = state.workflow.executions.find(({ arn }) => arn === detail.executionArn);
  return detail.title ?? request?.title ?? (run ? nameOf(run, state) : (detail.name ?? ""));
}

function entry({ event, about }) {
  const { text, tone } = outcome(event);
  return h(
    "details",
    { class: "event" },
    h(
      "summary",
      null,
      h("span", { class: `dot ${tone}`, "aria-hidden": "true" }),
      // The bus names the service in front of its own events, and says that a status has changed, as that shows.
      h("span", { class: "event-type" }, event["detail-type"].replace(/^Step Functions (Execution) .*/, "$1")),
      h("time", { class: "dim", datetime: event.time }, clockTime(event.time, true)),
      h("span", { class: "event-line" }, h("span", { class: "event-about" }, about), h("span", { class: `event-text ${tone}` }, text)),
    ),
    json(event),
  );
}

/** The one word that tells an event from others of its type. */
function outcome({ detail }) {
  const word = detail.status ?? detail.verdict ?? null;
  if (!word) return { text: "", tone: "" };
  const tones = {
    approved: "good", approve: "good", SUCCEEDED: "good", rejected: "bad", reject: "bad", FAILED: "bad",
    TIMED_OUT: "bad", ABORTED: "bad", undeliverable: "bad", expired: "warn", cancelled: "warn", superseded: "warn",
    returned: "warn", return: "warn", RUNNING: "busy",
  };
  const who = detail.vote?.name ?? detail.decidedBy?.map((person) => person.name).join(" and ");
  const said = { approve: "approved", reject: "rejected", return: "sent back", returned: "sent back" };
  const shown = said[word] ?? String(word).toLowerCase().replaceAll("_", " ");
  return { text: who ? `${shown} by ${who}` : shown, tone: tones[word] ?? "" };
}
