// The picture of the machine: what has been passed, where it stands, what has failed.

import { s } from "./dom.js";
import { layout, line } from "./layout.js";

// As in the style sheet; the text is measured before it is drawn, since it must stay inside its box.
const FONTS = { main: "600 12.5px", side: "500 11.2px", caption: "400 10.8px" };
const ICONS = {
  done: "M-3.4 0.2l2.4 2.5 4.4-5",
  failed: "M-2.8-2.8l5.6 5.6M2.8-2.8l-5.6 5.6",
};

/** Draws a machine at this width; a mock stands in for the states that are `mocked`. */
export function draw({ definition, mocked }, width, { marks, taken }) {
  const { nodes, edges, height } = layout(definition, width);
  const named = (status) => [...marks].filter(([, mark]) => mark.status === status).map(([name]) => name);
  const [current, passed, failed] = ["current", "done", "failed"].map(named);
  const label = [
    "The state machine.",
    current.length ? `It stands at ${current.join(", ")}.` : "",
    passed.length ? `Passed: ${passed.join(", ")}.` : "",
    failed.length ? `Failed: ${failed.join(", ")}.` : "",
  ].join(" ");
  const wasTaken = (edge) => taken.has(`${edge.from} ${edge.to}`);
  const lines = [...edges].sort((a, b) => Number(wasTaken(a)) - Number(wasTaken(b)));
  const boxes = (hasFlows) => [...nodes.values()].filter((node) => node.flows === hasFlows);
  const drawn = (node) => box(node, marks.get(node.name), mocked.includes(node.name));
  return s(
    "svg",
    { class: "graph", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    s("defs", null, arrow("arrow"), arrow("arrow-taken")),
    boxes(true).map(drawn),
    lines.map((edge) => {
      const isTaken = wasTaken(edge);
      const names = `edge ${edge.kind}${isTaken ? " taken" : ""}`;
      const end = isTaken ? "url(#arrow-taken)" : "url(#arrow)";
      return s("path", { class: names, d: line(edge, nodes), "marker-end": end });
    }),
    boxes(false).map(drawn),
  );
}

function arrow(id) {
  const shape = s("path", { d: "M0 0L6 3L0 6z", class: id });
  const place = { id, viewBox: "0 0 6 6", refX: 4.5, refY: 3, markerWidth: 6, markerHeight: 6, orient: "auto" };
  return s("marker", { ...place, markerUnits: "userSpaceOnUse" }, shape);
}

function box(node, mark, isMocked) {
  const { x, y, width, height, kind, flows, name, state } = node;
  const isMain = kind === "main";
  const middle = flows ? y + 20 : y + height / 2;
  const icon = x + (isMain ? 17 : 14);
  const start = icon + (isMain ? 15 : 12);
  const times = timesOf(mark);
  const room = x + width - start - 6 - (times ? measure(times, FONTS.caption) + 6 : 0);
  const place = `translate(${icon} ${middle}) scale(${isMain ? 1 : 0.8})`;
  const label = fit(name, room, isMain ? FONTS.main : FONTS.side);
  const caption = isMain || flows ? captionOf(state, mark, isMocked) : null;
  const detail = mark?.error ? `\n${mark.error}` : "";
  const mock = isMocked ? "\nA mock stands in for it." : "";
  return s(
    "g",
    { class: `state ${kind} ${flows ? "around" : ""} ${mark?.status ?? "idle"}` },
    s("title", null, `${name} (${state.Type})${detail}${mock}${state.Comment ? `\n${state.Comment}` : ""}`),
    s("rect", { x, y, width, height, rx: isMain ? 10 : 7 }),
    s("circle", { class: "ring", cx: icon, cy: middle, r: isMain ? 8 : 6.5 }),
    ICONS[mark?.status] && s("path", { class: "icon", d: ICONS[mark.status], transform: place }),
    s("text", { class: "label", x: start, y: caption ? middle - 2 : middle + 4 }, label),
    times && s("text", { class: "caption times", x: x + width - 7, y: middle + 4 }, times),
    caption && s("text", { class: "caption", x: start, y: middle + 12 }, fit(caption, room, FONTS.caption)),
  );
}

/** How often a state that ran more than once was passed. */
function timesOf(mark) {
  return mark?.entered > 1 ? `${mark.left}/${mark.entered}` : null;
}

function captionOf(state, mark, isMocked) {
  if (mark?.status === "failed" && mark.error) return String(mark.error);
  if (state.Type === "Map") return mark?.items ? `${mark.items.done} of ${mark.items.all} items` : "for each item";
  if (state.Type === "Parallel") return "side by side";
  if (isMocked) return "mock";
  if (mark?.until && mark.since && state.Type === "Task") return took(mark.since, mark.until);
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

function measure(text, font) {
  pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

function fit(text, room, font) {
  let shown = text;
  for (let length = text.length - 1; length > 0 && measure(shown, font) > room; length -= 1) {
    shown = `${text.slice(0, length)}…`;
  }
  return shown;
}
