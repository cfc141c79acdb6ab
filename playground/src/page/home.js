// The home of the app in the Slack pane: what waits for the chosen person, and what they asked for. Slack tells the bot when
// somebody opens it, so it does the same here.

import { act } from "./api.js";
import { showBlocks } from "./blocks.js";
import { confirm } from "./dialogs.js";
import { h, reconcile } from "./dom.js";

const place = document.getElementById("slack-home");
let page = null;
/** Who has opened it last. */
let openedBy = null;

/** Gets it going. `shared` has `person()` and `toast(text)`. */
export function start(shared) {
  page = shared;
}

/** The chosen person opens it. */
export async function open() {
  openedBy = page.person().key;
  const answer = await act("slack/home", { person: openedBy });
  if (answer.problem) page.toast(answer.problem);
  else if (answer.status !== 200) page.toast(`The bot answered ${answer.status}.`);
}

/** Shows what is in it, if it is open. */
export function show(view, isOpen, names) {
  place.hidden = !isOpen;
  if (!isOpen) return;
  // Whoever else is chosen opens a home of their own.
  if (openedBy !== page.person().key) open();
  const key = `${page.person().key} ${view ? "home" : "none"}`;
  reconcile(place, [{ key }], { key: (item) => item.key, create: () => h("div", { class: "blocks home" }) });
  if (view) showBlocks(place.firstElementChild, view.blocks, { id: "home", names, draft: () => "", setDraft: () => {}, press: (element, option) => press(element, option, names) });
  else place.firstElementChild.replaceChildren(h("p", { class: "dim" }, "The bot is asked what to show here…"));
}

async function press(element, option, names) {
  if (element.confirm && !(await confirm(element.confirm, names))) return;
  // A button, and each option of a menu, names the approval that it is about.
  const about = element.value ?? element.options[0].value;
  const [block] = /apr_[a-z0-9]+/.exec(about) ?? [""];
  const { action_id } = element;
  const answer = await act("slack/home/press", { person: page.person().key, block, action_id, option });
  if (answer.problem) page.toast(answer.problem);
  else if (answer.status !== 200) page.toast(`The bot answered ${answer.status}.`);
}
