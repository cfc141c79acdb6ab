// Brings the panes together: one state of the world, one acting person, and one look whenever something changes.

import { look, watch } from "./api.js";
import { firstStarter } from "./begin.js";
import * as clock from "./clock.js";
import { h, initials, setText, tint } from "./dom.js";
import * as events from "./events.js";
import * as mailbox from "./mailbox.js";
import * as slack from "./slack.js";
import * as teams from "./teams.js";
import * as workflow from "./workflow.js";

const PANES = [clock, slack, teams, workflow, mailbox, events];
const REMEMBERED = "acting-as";
const TOAST_STAYS = 6000;

const actor = document.getElementById("actor");
const tabs = document.querySelectorAll(".tabs [data-pane]");
let state = null;
let person = null;
let ahead = 0;
let refresh = () => {};

const shared = {
  state: () => state,
  person: () => person,
  /** The time of the world, which may have been moved forward. */
  now: () => Date.now() + ahead,
  refresh: () => refresh(),
  announce,
  toast,
  news,
};

for (const pane of PANES) pane.start(shared);
for (const tab of tabs) tab.addEventListener("click", () => openPane(tab.dataset.pane));
actor.addEventListener("change", () => {
  sessionStorage.setItem(REMEMBERED, actor.value);
  show();
});
window.addEventListener("hashchange", openExecution);
document.addEventListener("click", followInside);
openExecution();
refresh = watch(update, (lost) => {
  document.getElementById("lost").hidden = !lost;
});

async function update() {
  const fresh = await look(workflow.wanted());
  ahead = new Date(fresh.now) - Date.now();
  state = fresh;
  show();
}

function show() {
  if (!state) return;
  showActors();
  showPolicy();
  for (const pane of PANES) pane.show(state);
}

function showActors() {
  const keys = state.people.map((one) => one.key).join(" ");
  if (actor.dataset.keys !== keys) {
    const wanted = actor.value || sessionStorage.getItem(REMEMBERED) || firstStarter(state);
    actor.replaceChildren(...state.people.map((one) => h("option", { value: one.key }, `${one.name} (${one.role})`)));
    actor.dataset.keys = keys;
    if (state.people.some((one) => one.key === wanted)) actor.value = wanted;
  }
  person = state.people.find((one) => one.key === actor.value) ?? state.people[0];
  const avatar = document.getElementById("actor-avatar");
  setText(avatar, initials(person.name));
  avatar.className = `avatar ${tint(person.name)}`;
}

/** A policy file that is wrong changes nothing, and whoever has saved it wants to know. */
function showPolicy() {
  const line = document.getElementById("policy-problem");
  const { problem } = state.policy;
  line.hidden = !problem;
  setText(line, problem ? `The policy file has changed, and ${problem}` : "");
}

function announce(text) {
  const live = document.getElementById("live");
  live.append(h("p", null, text));
  while (live.childElementCount > 4) live.firstChild.remove();
}

function toast(text) {
  const toast = h("p", { class: "toast" }, text);
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), TOAST_STAYS);
}

/** On a narrow screen one pane is shown; the others say that something has come. */
function news(pane) {
  const tab = [...tabs].find((one) => one.dataset.pane === pane);
  if (document.body.dataset.pane !== pane) tab.querySelector(".news").hidden = false;
}

function openPane(name) {
  document.body.dataset.pane = name;
  for (const tab of tabs) {
    const isOpen = tab.dataset.pane === name;
    if (isOpen) {
      tab.setAttribute("aria-current", "true");
      tab.querySelector(".news").hidden = true;
    } else {
      tab.removeAttribute("aria-current");
    }
  }
}

/** `#arn:…` names an execution: the link on the card leads here. */
function openExecution() {
  const arn = decodeURIComponent(location.hash.slice(1));
  if (!arn.startsWith("arn:")) return;
  workflow.pick(arn);
  openPane("workflow");
  document.getElementById("workflow").scrollIntoView({ block: "nearest" });
}

/** A link from a message to this very page, or to a message that is on it, needs no second window. */
function followInside(event) {
  const link = event.target.closest?.("a[href]");
  if (!link) return;
  const url = new URL(link.href);
  const message = messageAt(url);
  const loopback = (name) => name === "localhost" || name === "127.0.0.1" || name === "[::1]";
  const here = url.port === location.port && loopback(url.hostname) && loopback(location.hostname);
  if (message) {
    event.preventDefault();
    goTo(message);
  } else if (here && url.hash.startsWith("#arn:")) {
    event.preventDefault();
    if (location.hash === url.hash) openExecution();
    else location.hash = url.hash;
  }
}

/** The message that an address of Slack or Teams leads to: there is no other Slack, and no other Teams, here. */
function messageAt({ hostname, pathname }) {
  const inSlack = /^\/archives\/[^/]+\/p(\d+)(\d{6})$/.exec(pathname);
  if (inSlack && /(^|\.)slack\.com$/.test(hostname)) return { pane: "slack", at: `[data-ts="${inSlack[1]}.${inSlack[2]}"]` };
  const inTeams = /^\/l\/message\/[^/]+\/(\d+)$/.exec(pathname);
  if (inTeams && hostname === "teams.microsoft.com") return { pane: "teams", at: `[data-id="${inTeams[1]}"]` };
  return null;
}

function goTo({ pane, at }) {
  openPane(pane);
  if (pane === "teams") teams.showPosts();
  else slack.showChannel();
  const message = document.querySelector(`#${pane} ${at}`);
  if (!message) return toast("That message is not on this page.");
  message.scrollIntoView({ block: "nearest" });
  message.focus({ preventScroll: true });
}
