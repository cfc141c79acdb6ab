// Where the states of a machine stand: the happy path straight down on the left, every other state beside it in the
// order in which it can be reached. What is inside a Map or a Parallel stands in its box.

import { flowsOf, happyPath, inOrder, waysOf } from "./machine.js";

const MARGIN = 10;
const ARCS = 24;
const MAIN = { height: 42, gap: 28 };
const SIDE = { height: 28, gap: 8 };
const INNER = { height: 26, gap: 10 };
/** Of a box with states in it: above them, around them, and to the right of them for the ways back. */
const HEAD = 40;
const PAD = 8;
const INDENT = 10;
/** Narrower columns of branches stand one below the other. */
const NARROWEST = 96;
/** Between path and side, as a part of the width. */
const GUTTER = 0.1;

/**
 * Nodes (`name`, `state`, `kind`, and a box; `flows` says whether there are others inside) and edges (`from`, `to`,
 * `kind`) for a picture of this width.
 */
export function layout(definition, width) {
  const states = definition.States;
  const edges = waysOf(states);
  const path = happyPath(definition);
  const side = inOrder(definition, path).filter((name) => !path.includes(name));
  const alone = side.length === 0;
  const hasInner = path.some((name) => flowsOf(states[name]).length);
  const mainWidth = alone ? Math.min(hasInner ? 420 : 240, width - 2 * MARGIN) : Math.round(width * (hasInner ? 0.48 : 0.42));
  const sideX = MARGIN + mainWidth + Math.round(width * GUTTER);
  const heights = { main: path.map((name) => heightOf(states[name], mainWidth, MAIN)), side: side.map((name) => heightOf(states[name], width - ARCS - sideX, SIDE)) };
  const height = Math.max(total(heights.main, MAIN.gap), total(heights.side, SIDE.gap));
  // The path is as long as the side at least.
  const spread = path.length > 1 ? (height - total(heights.main, 0)) / (path.length - 1) : 0;
  const picture = { nodes: new Map(), edges, width, height: height + 2 * MARGIN };
  let y = MARGIN;
  path.forEach((name, index) => {
    const x = alone ? (width - mainWidth) / 2 : MARGIN;
    place(picture, { name, state: states[name], kind: "main", x, y, width: mainWidth, height: heights.main[index] });
    y += heights.main[index] + spread;
  });
  y = MARGIN;
  side.forEach((name, row) => {
    const x = sideX + (isBranch(name, edges, path) ? INDENT : 0);
    // Beside the states that lead there, as far as there is room below for the others.
    const below = total(heights.side.slice(row), SIDE.gap);
    y = Math.max(y, Math.min(middleOfSources(name, picture) - heights.side[row] / 2, MARGIN + height - below));
    place(picture, { name, state: states[name], kind: "side", row, x, y, width: width - ARCS - x, height: heights.side[row] });
    y += heights.side[row] + SIDE.gap;
  });
  return picture;
}

/** The middle of the states that are there already and lead to this one. */
function middleOfSources(name, { nodes, edges }) {
  const sources = edges.filter((edge) => edge.to === name && nodes.has(edge.from)).map((edge) => nodes.get(edge.from));
  const middles = sources.map((node) => node.y + node.height / 2);
  return middles.length ? middles.reduce((sum, middle) => sum + middle, 0) / middles.length : 0;
}

function total(heights, gap) {
  return heights.reduce((sum, height) => sum + height, 0) + gap * Math.max(0, heights.length - 1);
}

/** Puts a state into the picture, and those inside of it into its box. */
function place({ nodes, edges }, node) {
  const columns = columnsOf(node.state, node.width);
  nodes.set(node.name, { ...node, flows: columns.length > 0 });
  const room = node.width - 2 * PAD;
  const width = (room - (columns.length - 1) * PAD) / Math.max(1, columns.length);
  columns.forEach((rows, column) => {
    rows.forEach(({ name, state, depth }, row) => {
      const x = node.x + PAD + column * (width + PAD) + depth * INDENT;
      const y = node.y + HEAD + row * (INNER.height + INNER.gap);
      const box = { x, y, width: width - PAD - depth * INDENT, height: INNER.height };
      nodes.set(name, { name, state, kind: "inner", column: `${node.name} ${column}`, row, flows: false, ...box });
    });
  });
  edges.push(...flowsOf(node.state).flatMap(allWays));
}

function allWays(flow) {
  return [...waysOf(flow.States), ...Object.values(flow.States).flatMap(flowsOf).flatMap(allWays)];
}

/** The states inside of one: a column for each branch where there is room. */
function columnsOf(state, width) {
  const columns = flowsOf(state).map((flow) => rowsOf(flow, 0));
  const isNarrow = columns.length > 1 && (width - PAD) / columns.length - PAD < NARROWEST;
  return isNarrow ? [columns.flat()] : columns;
}

function rowsOf(flow, depth) {
  const path = happyPath(flow);
  const others = inOrder(flow, path).filter((name) => !path.includes(name));
  return [...path, ...others].flatMap((name) => {
    const state = flow.States[name];
    return [{ name, state, depth }, ...flowsOf(state).flatMap((inner) => rowsOf(inner, depth + 1))];
  });
}

function heightOf(state, width, { height }) {
  const rows = columnsOf(state, width).map((column) => column.length);
  return rows.length ? HEAD + Math.max(...rows) * (INNER.height + INNER.gap) - INNER.gap + PAD : height;
}

/** A state that only one choice, itself beside the path, leads to. */
function isBranch(name, edges, path) {
  const ways = edges.filter((edge) => edge.to === name);
  return ways.length === 1 && !path.includes(ways[0].from) && ways[0].kind === "choice";
}

/** The line of an edge, as SVG path data. */
export function line(edge, nodes) {
  const from = nodes.get(edge.from);
  const to = nodes.get(edge.to);
  const [fromMiddle, toMiddle] = [from.y + from.height / 2, to.y + to.height / 2];
  const isNext = to.row === from.row + 1 && from.kind === to.kind && from.column === to.column;
  if (from.kind === "main" && to.kind === "main" && to.y > from.y) {
    const x = from.x + from.width / 2;
    return `M${x} ${from.y + from.height}V${to.y - 2}`;
  }
  if (from.kind === "main" && to.kind === "side") {
    const [x1, x2] = [from.x + from.width, to.x - 2];
    const bend = (x2 - x1) * 0.55;
    return `M${x1} ${fromMiddle}C${x1 + bend} ${fromMiddle} ${x2 - bend} ${toMiddle} ${x2} ${toMiddle}`;
  }
  if (isNext) {
    const x = to.x + (to.kind === "inner" ? Math.min(from.width, to.width) / 2 : 22);
    return `M${x} ${from.y + from.height}V${to.y - 2}`;
  }
  if (from.kind === to.kind && from.kind !== "main") {
    const [x1, x2] = [from.x + from.width, to.x + to.width + 2];
    const most = to.kind === "inner" ? PAD : ARCS - 6;
    const bend = Math.min(most, 8 + Math.abs(toMiddle - fromMiddle) * 0.08);
    return `M${x1} ${fromMiddle}C${x1 + bend} ${fromMiddle} ${x2 + bend} ${toMiddle} ${x2} ${toMiddle}`;
  }
  if (from.kind === "side") {
    const [x1, x2] = [from.x, to.x + to.width + 2];
    const bend = (x1 - x2) * 0.55;
    return `M${x1} ${fromMiddle}C${x1 - bend} ${fromMiddle} ${x2 + bend} ${toMiddle} ${x2} ${toMiddle}`;
  }
  const x = Math.min(from.x, to.x);
  return `M${from.x} ${fromMiddle}C${x - 24} ${fromMiddle} ${x - 24} ${toMiddle} ${to.x - 2} ${toMiddle}`;
}
