// The events pane: what went over the bus, the newest first.

import { clockTime, h, json, reconcile } from "./dom.js";

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
  const items = state.events.map((event, index) => ({ event, key: state.eventsLeftOut + index })).toReversed();
  const list = items.length ? items : [{ key: "empty" }];
  reconcile(body, list, { key: (item) => item.key, create: (item) => (item.event ? entry(item.event) : empty()) });
  const count = state.eventsLeftOut + state.events.length;
  if (seen !== null && count > seen) {
    page.announce(`Event: ${state.events.at(-1)["detail-type"]}, ${outcome(state.events.at(-1)).text}`);
    page.news("events");
  }
  seen = count;
}

function empty() {
  return h(
    "p",
    { class: "empty" },
    "Outcomes are broadcast here. Type ",
    h("code", null, "/start 125 122"),
    " in the Slack pane.",
  );
}

function entry(event) {
  const { text, tone } = outcome(event);
  return h(
    "details",
    { class: "event" },
    h(
      "summary",
      null,
      h("span", { class: `dot ${tone}`, "aria-hidden": "true" }),
      // The bus names the service in front of its own events; there is no other with an execution here.
      h("span", { class: "event-type" }, event["detail-type"].replace(/^Step Functions /, "")),
      h("span", { class: `event-text ${tone}` }, text),
      h("time", { class: "dim", datetime: event.time }, clockTime(event.time, true)),
    ),
    json(event),
  );
}

/** The one word that tells an event from others of its type. */
function outcome({ detail }) {
  const word = detail.status ?? detail.verdict ?? null;
  if (!word) return { text: detail.title ?? "", tone: "" };
  const tones = {
    approved: "good", approve: "good", SUCCEEDED: "good", rejected: "bad", reject: "bad", FAILED: "bad",
    TIMED_OUT: "bad", ABORTED: "bad", undeliverable: "bad", expired: "warn", cancelled: "warn", superseded: "warn", RUNNING: "busy",
  };
  const who = detail.vote?.name ?? detail.decidedBy?.map((person) => person.name).join(" and ");
  const shown = { approve: "approved", reject: "rejected" }[word] ?? String(word).toLowerCase().replaceAll("_", " ");
  return { text: who ? `${shown} by ${who}` : shown, tone: tones[word] ?? "" };
}
