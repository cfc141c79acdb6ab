// The picture of the machine: what has been passed, where it stands, what has failed.

import { s } from "./dom.js";
import { layout, line } from "./layout.js";

// As in the style sheet; the text is measured before it is drawn, since it must stay inside its box.
const FONTS = { main: "600 12.5px", side: "500 11.2px", caption: "400 10.8px" };
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
      mark.failed = true;
      mark.error = event.details?.error ?? (event.type.endsWith("TimedOut") ? "timed out" : null);
    }
    if (/(TaskSucceeded|TaskScheduled|LambdaFunctionScheduled)$/.test(event.type)) mark.failed = false;
    if (event.type.endsWith("StateExited")) {
      mark.status = mark.failed ? "failed" : "done";
      mark.left = event.timestamp;
    }
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
      const end = isTaken ? "url(#arrow-taken)" : "url(#arrow)";
      return s("path", { class: names, d: line(edge, nodes), "marker-end": end });
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
  const room = x + width - start - 6;
  const place = `translate(${icon} ${middle}) scale(${main ? 1 : 0.8})`;
  const label = fit(name, room, main ? FONTS.main : FONTS.side);
  const caption = main ? captionOf(state, mark) : null;
  const detail = mark?.error ? `\n${mark.error}` : "";
  return s(
    "g",
    { class: `state ${main ? "main" : "side"} ${mark?.status ?? "idle"}` },
    s("title", null, `${name} (${state.Type})${detail}${state.Comment ? `\n${state.Comment}` : ""}`),
    s("rect", { x, y, width, height, rx: main ? 10 : 7 }),
    s("circle", { class: "ring", cx: icon, cy: middle, r: main ? 8 : 6.5 }),
    ICONS[mark?.status] && s("path", { class: "icon", d: ICONS[mark.status], transform: place }),
    s("text", { class: "label", x: start, y: caption ? middle - 2 : middle + 4 }, label),
    caption && s("text", { class: "caption", x: start, y: middle + 12 }, fit(caption, room, FONTS.caption)),
  );
}

function captionOf(state, mark) {
  if (mark?.status === "failed" && mark.error) return String(mark.error);
  if (mark?.left && mark.entered && state.Type === "Task") return took(mark.entered, mark.left);
  if (state.Resource?.endsWith(".waitForTaskToken")) {
    return mark?.status === "current" ? "waiting for its token" : "waits for a token";
  }
  return state.Type === "Task" ? "Lambda" : state.Type;
}

/** How long something took, in the unit that fits. */
export function took(from, to) {
  const milliseconds = new Date(to) - new Date(from);
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}

const pen = document.createElement("canvas").getContext("2d");

function fit(text, room, font) {
  pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
  let shown = text;
  for (let length = text.length - 1; length > 0 && pen.measureText(shown).width > room; length -= 1) {
    shown = `${text.slice(0, length)}…`;
  }
  return shown;
}
