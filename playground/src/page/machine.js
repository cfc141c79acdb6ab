// What the definition of a state machine says: its states, and the flows inside of them.

/** The flows inside a state: the branches of a Parallel, or what a Map does with each item. */
export function flowsOf(state) {
  return state.Branches ?? [state.ItemProcessor ?? state.Iterator].filter(Boolean);
}

/** Every state by its name, with the names of the states around it, the innermost first. */
export function allStates(flow, around = [], found = new Map()) {
  for (const [name, state] of Object.entries(flow.States ?? {})) {
    found.set(name, { state, around });
    for (const inner of flowsOf(state)) allStates(inner, [name, ...around], found);
  }
  return found;
}

/** Every way from one state of a flow to another, each pair once, a plain way before a caught error. */
export function waysOf(states) {
  const ways = new Map();
  const add = (from, to, kind) => {
    const key = `${from} ${to}`;
    if (to && states[to] && !ways.has(key)) ways.set(key, { from, to, kind });
  };
  for (const [name, state] of Object.entries(states)) {
    add(name, state.Next, "next");
    for (const choice of state.Choices ?? []) add(name, choice.Next, "choice");
    add(name, state.Default, "choice");
    for (const caught of state.Catch ?? []) add(name, caught.Next, "catch");
  }
  return [...ways.values()];
}

/** The longest way through a flow without an error: of two branches, the one on which more happens. */
export function happyPath({ StartAt, States }) {
  const known = new Map();
  const from = (name, passed) => {
    if (!name || !States[name] || passed.has(name)) return [];
    if (known.has(name)) return known.get(name);
    const state = States[name];
    const nexts = [state.Next, ...(state.Choices ?? []).map((choice) => choice.Next), state.Default];
    const rests = nexts.map((next) => from(next, new Set([...passed, name])));
    const longest = rests.reduce((best, rest) => (rest.length > best.length ? rest : best), []);
    const path = [name, ...longest];
    known.set(name, path);
    return path;
  };
  return from(StartAt, new Set());
}

/** Every state of a flow after all that lead to it (as far as there are no loops), neighbours close together. */
export function inOrder({ StartAt, States }, path) {
  const ways = waysOf(States);
  const onPath = new Set(path);
  const seen = new Set();
  const finished = [];
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const nexts = ways.filter((way) => way.from === name).map((way) => way.to);
    // The happy path is followed last, so that what leaves it early stands above.
    const order = [...nexts.filter((to) => !onPath.has(to)), ...nexts.filter((to) => onPath.has(to))];
    for (const to of order.reverse()) visit(to);
    finished.push(name);
  };
  visit(StartAt);
  for (const name of Object.keys(States)) visit(name);
  return finished.reverse();
}
