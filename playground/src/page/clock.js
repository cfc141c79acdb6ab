// The time of the world in the top bar, and the buttons that move it forward for everything at once.

import { act } from "./api.js";
import { clockTime, setText } from "./dom.js";

const shown = document.getElementById("clock");
let page = null;

/** Gets the clock going. `shared` has `state()`, `now()`, `announce(text)` and `toast(text)`. */
export function start(shared) {
  page = shared;
  for (const button of document.querySelectorAll("[data-seconds]")) {
    button.addEventListener("click", () => move(Number(button.dataset.seconds)));
  }
  setInterval(show, 1000);
}

/** Shows what time it is now. */
export function show() {
  if (!page.state()) return;
  const now = new Date(page.now());
  // Somebody who went past midnight wants to know the day.
  const isToday = now.toDateString() === new Date().toDateString();
  const day = isToday ? "" : `${now.toLocaleDateString([], { weekday: "short" })} `;
  setText(shown, day + clockTime(now, true));
  shown.dateTime = now.toISOString();
  shown.title = now.toLocaleString([], { dateStyle: "full", timeStyle: "medium" });
}

async function move(seconds) {
  const answer = await act("clock", { seconds });
  if (answer.problem) page.toast(answer.problem);
  else page.announce(`The time is now ${clockTime(page.now() + seconds * 1000)}.`);
}
