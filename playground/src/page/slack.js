// The Slack pane: the channel's messages with their threads, what only the chosen person sees, the command box, and the home
// of the app.

import { act } from "./api.js";
import { chips, example, firstPeople } from "./begin.js";
import { showBlocks } from "./blocks.js";
import { confirm, showView } from "./dialogs.js";
import { clockTime, h, reconcile, setText } from "./dom.js";
import * as home from "./home.js";
import { richText, spoken } from "./mrkdwn.js";

/** Near enough to the end to stay there when something is added. */
const NEAR_END = 80;

const channel = document.getElementById("messages");
const views = document.getElementById("slack-views");
const drafts = new Map();
let view = "channel";
let page = null;
let lastTs = null;

/** Gets the pane going. `shared` has `state()`, `person()`, `now()`, `announce(text)` and `toast(text)`. */
export function start(shared) {
  page = shared;
  home.start(shared);
  for (const button of views.children) {
    button.addEventListener("click", () => {
      view = button.dataset.view;
      if (view === "home") home.open();
      show(page.state());
    });
  }
  const form = document.getElementById("composer");
  const input = document.getElementById("command");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // Whoever sends nothing wants nothing.
    if (input.value.trim()) send(input.value.trim(), input);
    else input.focus();
  });
}

function fillIn(text) {
  const input = document.getElementById("command");
  input.value = text;
  input.focus();
}

async function send(text, input) {
  input.value = "";
  const answer = await act("slack/command", { person: page.person().key, text });
  if (answer.problem) {
    page.toast(answer.problem);
    input.value ||= text;
  }
  channel.scrollTop = channel.scrollHeight;
}

/** Shows what there is now. */
export function show(state) {
  const { slack } = state;
  const me = page.person();
  const names = namesOf(state);
  const isHome = view === "home";
  setText(document.getElementById("channel"), isHome ? "Countersign" : slack.channel.name);
  document.getElementById("channel-mark").hidden = isHome;
  for (const button of views.children) button.setAttribute("aria-pressed", String(button.dataset.view === view));
  channel.hidden = isHome;
  document.getElementById("composer").hidden = isHome;
  home.show(isHome ? slack.homes[me.slack] : null, isHome, names);
  showHint(state);
  const own = slack.ephemerals.filter((message) => message.user === me.slack);
  const items = [
    ...slack.messages.filter((message) => !message.thread_ts).map((message) => withReplies(message, slack)),
    ...own.map((message) => ({ ...message, only: true, key: `only-${message.ts}` })),
  ].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const atEnd = channel.scrollHeight - channel.scrollTop - channel.clientHeight < NEAR_END;
  const typing = channel.contains(document.activeElement) && /TEXTAREA|INPUT/.test(document.activeElement.tagName);
  const focused = channel.contains(document.activeElement) ? document.activeElement.closest("article") : null;
  reconcile(channel, items.length ? items : [{ key: "first", first: firstSteps(state, me) }], {
    key: (item) => item.key,
    create: (item) => (item.first ? welcome(item.first) : update(article(item), item, names)),
    update: (node, item) => (item.first ? welcome(item.first) : update(node, item, names)),
  });
  // A pressed button is gone after the update; the keyboard stays on its message.
  if (focused?.isConnected && !channel.contains(document.activeElement)) focused.focus({ preventScroll: true });
  if (atEnd && !typing) channel.scrollTop = channel.scrollHeight;
  showDrafts(me);
  showView(slack.views[me.slack], me, names);
  announceNew(items, names);
}

function withReplies(message, { messages, channel: own, channels }) {
  const isReply = (other) => other.thread_ts === message.ts && other.channel === message.channel;
  // Of another channel than that of this pane, a message says where it is.
  const elsewhere = message.channel === own.id ? null : channels.find(({ id }) => id === message.channel)?.name;
  return { ...message, replies: messages.filter(isReply), elsewhere, key: message.ts };
}

function namesOf(state) {
  const people = new Map(state.people.map((person) => [person.slack, person.name]));
  const { channels } = state.slack;
  return {
    person: (id) => people.get(id) ?? id,
    channel: (id) => channels.find((one) => one.id === id)?.name ?? id,
    now: page.now,
  };
}

/** Turns to the channel. */
export function showChannel() {
  view = "channel";
  show(page.state());
}

/** What can be typed here. */
function showHint(state) {
  const texts = [...state.commands.map((command) => `/${command.example}`), "/start", "/approvals"];
  reconcile(document.getElementById("command-hint"), [{ texts }], {
    key: () => "hint",
    create: () => h("span", { class: "hint-line" }, "Try ", chips(texts, fillIn)),
  });
}

function firstSteps(state, me) {
  const machine = state.workflow.machines[0].name;
  return { ...firstPeople(state, me), typed: example(state), isCalculation: machine === "calculation", machine };
}

/** Who acts as whom to approve what `me` has started. */
function approving(approvers) {
  if (!approvers.length) return "Whoever may decide presses Approve.";
  const others = approvers.join(", then as ");
  if (approvers.length === 1) return `Whoever asks cannot approve, so act as ${others} and press Approve.`;
  return `It needs ${approvers.length} approvals: act as ${others}, and press Approve.`;
}

function welcome({ starter, approvers, typed, isCalculation, machine }) {
  const begin = typed
    ? h("p", null, starter ? `Act as ${starter} and type ` : "Type ", h("button", { type: "button", class: "chip big", onclick: () => fillIn(`/${typed}`) }, `/${typed}`))
    : h("p", null, "Start ", h("strong", null, machine), " in the Workflow pane.");
  const what = isCalculation
    ? "The workflow adds the numbers, has the sum doubled, and stops for a decision."
    : "The workflow runs until it asks for a decision.";
  return h(
    "div",
    { class: "welcome" },
    h("h3", null, "Nothing has been asked yet"),
    begin,
    h(
      "ol",
      null,
      h("li", null, what),
      h("li", null, "A card with two buttons appears here, and a mail in the mailbox."),
      h("li", null, approving(approvers)),
    ),
  );
}

function article(item) {
  const blocks = h("div", { class: "blocks" });
  const thread = item.only ? null : h("div", { class: "thread", hidden: true }, h("p", { class: "replies" }), h("div"));
  const time = clockTime(Number(item.ts) * 1000);
  const avatar = h("span", { class: "avatar app", "aria-hidden": "true" });
  return h(
    "article",
    { class: item.only ? "msg only" : "msg", tabindex: "-1", "data-ts": item.ts },
    item.only && h("p", { class: "only-you" }, h("span", { "aria-hidden": "true" }, "👁"), " Only visible to you"),
    avatar,
    h(
      "div",
      { class: "msg-body" },
      h(
        "p",
        { class: "msg-head" },
        h("strong", null, "Countersign"),
        h("span", { class: "app-label" }, "APP"),
        item.elsewhere && h("span", { class: "dim" }, `in #${item.elsewhere}`),
        h("time", { class: "dim", datetime: new Date(Number(item.ts) * 1000).toISOString() }, time),
      ),
      blocks,
      thread,
    ),
  );
}

function update(node, item, names) {
  const blocks = node.querySelector(":scope > .msg-body > .blocks");
  if (item.blocks?.length) showBlocks(blocks, item.blocks, blockContext(item, names));
  else reconcile(blocks, [{ text: item.text }], { key: () => "text", create: () => paragraph(item.text, names) });
  const thread = node.querySelector(":scope > .msg-body > .thread");
  if (thread) {
    const replies = item.replies ?? [];
    thread.hidden = replies.length === 0;
    const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
    setText(thread.querySelector(".replies"), count);
    reconcile(thread.lastElementChild, replies, {
      key: (reply) => reply.ts,
      create: (reply) => update(article(reply), reply, names),
      update: (old, reply) => update(old, reply, names),
    });
  }
  return node;
}

function paragraph(text, names) {
  return h("p", { class: "b-section" }, ...richText(text, names));
}

function blockContext(item, names) {
  const id = `${item.channel}-${item.ts}`.replaceAll(".", "-");
  const draftKey = (block) => `${page.person().key} ${item.ts} ${block}`;
  return {
    id,
    names,
    draft: (block) => drafts.get(draftKey(block)) ?? "",
    setDraft: (block, text) => drafts.set(draftKey(block), text),
    press: (button, option) => press(item, button, names, option),
  };
}

async function press(item, button, names, option) {
  if (button.url) window.open(button.url, "_blank", "noopener");
  if (button.confirm && !(await confirm(button.confirm, names))) return;
  const inputs = channel.querySelectorAll(`article[data-ts="${item.ts}"] [data-block]`);
  const comment = inputs[0]?.value ?? "";
  const { action_id } = button;
  const body = { person: page.person().key, channel: item.channel, ts: item.ts, action_id, comment, option };
  const answer = await act("slack/press", body);
  if (answer.problem) page.toast(answer.problem);
  else if (answer.status !== 200) page.toast(`The bot answered ${answer.status}.`);
}

/** Each person has typed something else. */
function showDrafts(me) {
  for (const field of channel.querySelectorAll("[data-block]")) {
    const ts = field.closest("article").dataset.ts;
    const draft = drafts.get(`${me.key} ${ts} ${field.dataset.block}`) ?? "";
    if (field.value !== draft) field.value = draft;
  }
}

function announceNew(items, names) {
  const all = items.flatMap((item) => [item, ...(item.replies ?? [])]);
  const newest = all.reduce((latest, item) => (item.ts > latest ? item.ts : latest), "");
  if (lastTs !== null) {
    for (const item of all.filter((item) => item.ts > lastTs)) page.announce(`Slack: ${spoken(item.text, names)}`);
  }
  if (lastTs === null || newest > lastTs) {
    if (lastTs !== null) page.news("slack");
    lastTs = newest;
  }
}
