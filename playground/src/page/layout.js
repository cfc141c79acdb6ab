// Where the states of a machine stand: the happy path straight down on the left, every other state beside it in the
// order in which it can be reached.

const MARGIN = 10;
const ARCS = 30;
const MAIN_HEIGHT = 42;
const MAIN_PITCH = 70;
const SIDE_HEIGHT = 28;
const SIDE_PITCH = 36;
const INDENT = 14;
/** Between path and side, as a part of the width. */
const GUTTER = 0.11;

/** Nodes (`name`, `state`, `main`, and a box) and edges (`from`, `to`, `kind`) for a picture of this width. */
export function layout(definition, width) {
  const states = definition.States;
  const edges = edgesOf(states);
  const path = happyPath(definition);
  const onPath = new Set(path);
  const side = inOrder(definition.StartAt, edges, states, path).filter((name) => !onPath.has(name));
  const height = Math.max((path.length - 1) * MAIN_PITCH + MAIN_HEIGHT, (side.length - 1) * SIDE_PITCH + SIDE_HEIGHT);
  const alone = side.length === 0;
  const mainWidth = alone ? Math.min(240, width - 2 * MARGIN) : Math.round(width * 0.38);
  const sideX = MARGIN + mainWidth + Math.round(width * GUTTER);
  const nodes = new Map();
  const pitch = path.length > 1 ? (height - MAIN_HEIGHT) / (path.length - 1) : 0;
  path.forEach((name, index) => {
    const x = alone ? (width - mainWidth) / 2 : MARGIN;
    const y = MARGIN + index * pitch;
    nodes.set(name, { name, state: states[name], main: true, x, y, width: mainWidth, height: MAIN_HEIGHT });
  });
  side.forEach((name, index) => {
    const shift = isBranch(name, edges, states, onPath) ? INDENT : 0;
    const x = sideX + shift;
    const y = MARGIN + index * SIDE_PITCH;
    const box = { x, y, width: width - ARCS - x, height: SIDE_HEIGHT };
    nodes.set(name, { name, state: states[name], main: false, row: index, ...box });
  });
  return { nodes, edges, width, height: height + 2 * MARGIN };
}

/** Every way from one state to another, each pair once, a plain way before a caught error. */
function edgesOf(states) {
  const edges = new Map();
  const add = (from, to, kind) => {
    const key = `${from} ${to}`;
    if (to && states[to] && !edges.has(key)) edges.set(key, { from, to, kind });
  };
  for (const [name, state] of Object.entries(states)) {
    add(name, state.Next, "next");
    for (const choice of state.Choices ?? []) add(name, choice.Next, "choice");
    add(name, state.Default, "choice");
    for (const caught of state.Catch ?? []) add(name, caught.Next, "catch");
  }
  return [...edges.values()];
}

/** `Next`, and where a choice is made its first branch. */
function happyPath({ StartAt, States }) {
  const path = [];
  let name = StartAt;
  while (name && States[name] && !path.includes(name)) {
    path.push(name);
    const state = States[name];
    name = state.Next ?? state.Choices?.[0]?.Next;
  }
  return path;
}

/** Every state after all that lead to it (as far as there are no loops), neighbours close together. */
function inOrder(start, edges, states, path) {
  const onPath = new Set(path);
  const seen = new Set();
  const finished = [];
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const ways = edges.filter((edge) => edge.from === name).map((edge) => edge.to);
    // The happy path is followed last, so that what leaves it early stands above.
    const order = [...ways.filter((to) => !onPath.has(to)), ...ways.filter((to) => onPath.has(to))];
    for (const to of order.reverse()) visit(to);
    finished.push(name);
  };
  visit(start);
  for (const name of Object.keys(states)) visit(name);
  return finished.reverse();
}

/** A state that only one choice, itself beside the path, leads to. */
function isBranch(name, edges, states, onPath) {
  const ways = edges.filter((edge) => edge.to === name);
  return ways.length === 1 && !onPath.has(ways[0].from) && ways[0].kind === "choice";
}

/** The line of an edge, as SVG path data. */
export function line(edge, nodes) {
  const from = nodes.get(edge.from);
  const to = nodes.get(edge.to);
  const [fromMiddle, toMiddle] = [from.y + from.height / 2, to.y + to.height / 2];
  if (from.main && to.main && to.y > from.y) {
    const x = from.x + from.width / 2;
    return `M${x} ${from.y + from.height}V${to.y - 2}`;
  }
  if (from.main && !to.main) {
    const [x1, x2] = [from.x + from.width, to.x - 2];
    const bend = (x2 - x1) * 0.55;
    return `M${x1} ${fromMiddle}C${x1 + bend} ${fromMiddle} ${x2 - bend} ${toMiddle} ${x2} ${toMiddle}`;
  }
  if (!from.main && !to.main && to.row === from.row + 1) {
    const x = to.x + 22;
    return `M${x} ${from.y + from.height}V${to.y - 2}`;
  }
  if (!from.main && !to.main) {
    const [x1, x2] = [from.x + from.width, to.x + to.width + 2];
    const bend = Math.min(ARCS - 6, 8 + Math.abs(toMiddle - fromMiddle) * 0.08);
    return `M${x1} ${fromMiddle}C${x1 + bend} ${fromMiddle} ${x2 + bend} ${toMiddle} ${x2} ${toMiddle}`;
  }
  const [x1, x2] = [from.x, to.x + (to.main ? 0 : to.width)];
  return `M${x1} ${fromMiddle}C${x1 - 24} ${fromMiddle} ${x2 - 24} ${toMiddle} ${x2} ${toMiddle}`;
}
