// Talks to the server: one look at everything, a signal when to look again, and the acts of the chosen person.

const BASE = "/playground/api";
const POLL_EVERY = 2000;

/** Everything the page shows, with the history of this execution. */
export async function look(execution) {
  const query = execution ? `?execution=${encodeURIComponent(execution)}` : "";
  const response = await fetch(`${BASE}/state${query}`);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return JSON.parse(await response.text(), exactly);
}

/** An integer that JavaScript's own numbers would round. */
class Exact {
  constructor(digits) {
    this.digits = digits;
  }

  toString() {
    return this.digits;
  }

  toJSON() {
    return JSON.rawJSON(this.digits);
  }
}

function exactly(_, value, context) {
  const isRounded = typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "");
  return isRounded ? new Exact(context.source) : value;
}

/** Does something; the answer's JSON, with `problem` in it if it was not done. */
export async function act(path, body) {
  // The header is what another site's form cannot send.
  const headers = { "content-type": "application/json", "x-playground": "1" };
  try {
    const response = await fetch(`${BASE}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    const answer = text ? JSON.parse(text) : {};
    return response.ok ? answer : { problem: `The server answered ${response.status}.`, ...answer };
  } catch {
    return { problem: "The server did not answer. Is it still running?" };
  }
}

/**
 * Calls `refresh` whenever something has changed, one call at a time; without the stream of signals, every two
 * seconds. `lost` learns whether the server can be reached.
 */
export function watch(refresh, lost) {
  let running = false;
  let again = false;
  let timer = null;

  async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await refresh();
      lost(false);
    } catch (error) {
      console.error(error);
      lost(true);
    }
    running = false;
    if (again) {
      again = false;
      run();
    }
  }

  const stream = new EventSource(`${BASE}/changes`);
  stream.onmessage = run;
  stream.onopen = () => {
    clearInterval(timer);
    timer = null;
  };
  stream.onerror = () => {
    timer ??= setInterval(run, POLL_EVERY);
  };
  run();
  return run;
}
