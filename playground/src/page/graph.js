// The picture of the machine: what has been passed, where it stands, what has failed.

import { s } from "./dom.js";
import { layout, line } from "./layout.js";

const CHARACTER = { main: 6.9, side: 6.1 };
const ICONS = {
  done: "M-3.4 0.2l2.4 2.5 4.4-5",
  failed: "M-2.8-2.8l5.6 5.6M2.8-2.8l-5.6 5.6",
};

/** What the history says about each state, and which ways were taken. */
export function progress(history, execution, definition) {
  const marks = new Map();
  const taken = new Set();
  let last = null;
  for (const event of history) {
    const name = event.state;
    if (!name || !definition.States[name]) continue;
    if (event.type.endsWith("StateEntered")) {
      if (last) taken.add(`${last} ${name}`);
      last = name;
      marks.set(name, { status: "current", entered: event.timestamp });
    }
    const mark = marks.get(name);
    if (!mark) continue;
    if (/(Failed|TimedOut)$/.test(event.type)) {
      Object.assign(mark, { failed: true, error: event.details?.error ?? (event.type.endsWith("TimedOut") && "timed out") });
    }
    if (/(TaskSucceeded|TaskScheduled|LambdaFunctionScheduled)$/.test(event.type)) mark.failed = false;
    if (event.type.endsWith("StateExited")) Object.assign(mark, { status: mark.failed ? "failed" : "done", left: event.timestamp });
  }
  if (last && execution && execution.status !== "RUNNING") {
    const mark = marks.get(last);
    if (mark.status === "current") mark.status = execution.status === "SUCCEEDED" ? "done" : "failed";
  }
  // Something else was entered since, so a state without an exit was left by its error.
  for (const [name, mark] of marks) if (mark.status === "current" && name !== last) mark.status = "failed";
  return { marks, taken, current: marks.get(last)?.status === "current" ? last : null };
}

/** Draws the machine at this width. */
export function draw(definition, width, { marks, taken, current }) {
  const { nodes, edges, height } = layout(definition, width);
  const passed = [...marks].filter(([, mark]) => mark.status === "done").map(([name]) => name);
  const failed = [...marks].filter(([, mark]) => mark.status === "failed").map(([name]) => name);
  const label = [
    "The state machine.",
    current ? `It stands at ${current}.` : "",
    passed.length ? `Passed: ${passed.join(", ")}.` : "",
    failed.length ? `Failed: ${failed.join(", ")}.` : "",
  ].join(" ");
  const wasTaken = (edge) => taken.has(`${edge.from} ${edge.to}`);
  const lines = [...edges].sort((a, b) => Number(wasTaken(a)) - Number(wasTaken(b)));
  return s(
    "svg",
    { class: "graph", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    s("defs", null, arrow("arrow"), arrow("arrow-taken")),
    lines.map((edge) => {
      const isTaken = wasTaken(edge);
      const names = `edge ${edge.kind}${isTaken ? " taken" : ""}`;
      return s("path", { class: names, d: line(edge, nodes), "marker-end": `url(#${isTaken ? "arrow-taken" : "arrow"})` });
    }),
    [...nodes.values()].map((node) => box(node, marks.get(node.name))),
  );
}

function arrow(id) {
  const shape = s("path", { d: "M0 0L6 3L0 6z", class: id });
  const place = { id, viewBox: "0 0 6 6", refX: 4.5, refY: 3, markerWidth: 6, markerHeight: 6, orient: "auto" };
  return s("marker", { ...place, markerUnits: "userSpaceOnUse" }, shape);
}

function box(node, mark) {
  const { x, y, width, height, main, name, state } = node;
  const middle = y + height / 2;
  const icon = x + (main ? 17 : 14);
  const start = icon + (main ? 15 : 12);
  const room = Math.floor((x + width - start - 6) / (main ? CHARACTER.main : CHARACTER.side));
  const caption = main ? captionOf(state, mark) : null;
  const detail = mark?.error ? `\n${mark.error}` : "";
  return s(
    "g",
    { class: `state ${main ? "main" : "side"} ${mark?.status ?? "idle"}` },
    s("title", null, `${name} (${state.Type})${detail}${state.Comment ? `\n${state.Comment}` : ""}`),
    s("rect", { x, y, width, height, rx: main ? 10 : 7 }),
    s("circle", { class: "ring", cx: icon, cy: middle, r: main ? 8 : 6.5 }),
    ICONS[mark?.status] &&
      s("path", { class: "icon", d: ICONS[mark.status], transform: `translate(${icon} ${middle}) scale(${main ? 1 : 0.8})` }),
    s("text", { class: "label", x: start, y: caption ? middle - 2 : middle + 4 }, short(name, room)),
    caption && s("text", { class: "caption", x: start, y: middle + 12 }, short(caption, room + 3)),
  );
}

function captionOf(state, mark) {
  if (mark?.status === "failed" && mark.error) return String(mark.error);
  if (mark?.left && mark.entered && state.Type === "Task") return took(mark.entered, mark.left);
  if (state.Resource?.endsWith(".waitForTaskToken")) return mark?.status === "current" ? "waiting for its token" : "waits for a token";
  return state.Type === "Task" ? "Lambda" : state.Type;
}

/** How long something took, in the unit that fits. */
export function took(from, to) {
  const milliseconds = new Date(to) - new Date(from);
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}

function short(text, room) {
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`;
}
