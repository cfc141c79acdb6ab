// What the history of an execution says about each state, also of those that run many times side by side.

import { allStates } from "./machine.js";

/** A state was left, or others inside of it have begun. */
const GOES_ON = /(StateExited|StateStarted|IterationStarted)$/;

/**
 * For each state that was entered a mark: `status` (current, done, failed, or stopped with what is around it), how
 * often it was entered and left, when, and the last error; and which ways were taken.
 */
export function progress(history, execution, definition) {
  const states = allStates(definition);
  const events = new Map(history.map((event) => [event.id, event]));
  const marks = new Map();
  const taken = new Set();
  for (const event of history) {
    if (states.has(event.state)) note(event, events.get(event.previousEventId), marks, taken);
  }
  const isRunning = (name) => marks.get(name).entered > marks.get(name).left + marks.get(name).lost;
  for (const [name, mark] of marks) {
    mark.status = statusOf(mark, execution, states.get(name).around.every(isRunning));
  }
  return { marks, taken };
}

function note(event, before, marks, taken) {
  const { state: name, type } = event;
  if (type.endsWith("StateEntered")) {
    const mark = marks.get(name) ?? { entered: 0, left: 0, lost: 0, failed: false, error: null, items: null };
    marks.set(name, { ...mark, entered: mark.entered + 1, since: event.timestamp, until: null });
    if (before?.state && before.state !== name) {
      taken.add(`${before.state} ${name}`);
      // A state without an exit was left by its error.
      if (!GOES_ON.test(before.type)) marks.get(before.state).lost += 1;
    }
    return;
  }
  const mark = marks.get(name);
  if (!mark) return;
  if (/(Failed|TimedOut)$/.test(type)) {
    mark.failed = true;
    mark.error = event.details?.error ?? (type.endsWith("TimedOut") ? "timed out" : null);
  }
  if (/(Succeeded|Scheduled)$/.test(type)) mark.failed = false;
  if (type === "MapStateStarted") mark.items = { all: event.details.length, done: 0 };
  if (type === "MapIterationSucceeded" && mark.items) mark.items.done += 1;
  if (type.endsWith("StateExited")) {
    // A state that catches its error is left as one that succeeds.
    if (mark.failed) mark.lost += 1;
    else mark.left += 1;
    mark.until = event.timestamp;
  }
}

function statusOf(mark, execution, isAroundRunning) {
  const { entered, left, lost, failed } = mark;
  if (entered === left + lost) return lost > 0 && (failed || left === 0) ? "failed" : "done";
  if (execution?.status === "RUNNING") return isAroundRunning ? "current" : "stopped";
  if (execution?.status === "SUCCEEDED") return "stopped";
  return failed || isAroundRunning ? "failed" : "stopped";
}
