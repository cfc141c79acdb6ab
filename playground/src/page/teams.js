// The Teams pane: the posts of the conversation with their replies, what the bot wrote to the chosen person alone,
// and the box to write to the bot.

import { act } from "./api.js";
import { chips, example } from "./begin.js";
import { headline, showCard } from "./cards.js";
import { clockTime, h, initials, reconcile, setText, tint } from "./dom.js";
import { messageText, words } from "./markdown.js";

/** Near enough to the end to stay there when something is added. */
const NEAR_END = 80;

const part = (name) => document.getElementById(`teams-${name}`);
const [posts, chat, form, field] = ["posts", "chat", "composer", "command"].map(part);
/** What was typed into cards and which of their parts are open, for each person and message. */
const kept = new Map();
const pressing = new Set();
const seen = new Set();
const read = new Set();
let page = null;
let view = "posts";
let isFirst = true;

/** Gets the pane going. `shared` has `state()`, `person()`, `announce(text)`, `news(pane)` and `toast(text)`. */
export function start(shared) {
  page = shared;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // Whoever sends nothing wants nothing.
    if (field.value.trim()) say(field.value.trim());
    else field.focus();
  });
  for (const button of part("views").children) {
    button.addEventListener("click", () => {
      view = button.dataset.view;
      show(page.state());
    });
  }
}

function fillIn(text) {
  field.value = text;
  field.focus();
}

/** Turns to the posts of the conversation. */
export function showPosts() {
  view = "posts";
  show(page.state());
}

async function say(text) {
  field.value = "";
  const answer = await act("teams/say", { person: page.person().key, text, chat: view === "chat" });
  if (answer.problem) {
    page.toast(answer.problem);
    field.value ||= text;
  }
  const list = view === "chat" ? chat : posts;
  list.scrollTop = list.scrollHeight;
}

/** Shows what there is now. */
export function show(state) {
  const { teams, people } = state;
  const me = page.person();
  part("none").hidden = Boolean(teams);
  for (const node of [posts, chat, form, part("views")]) node.hidden = !teams;
  setText(part("name"), !teams ? "No conversation" : view === "chat" ? "Countersign" : teams.conversation.name || "No conversation");
  if (!teams) return;
  const shown = threads(teams, people, me);
  const own = teams.personal.filter((message) => message.person === me.key).map((message) => item(message, people, me));
  posts.hidden = view !== "posts";
  chat.hidden = view !== "chat";
  part("away").hidden = Boolean(me.teams);
  setText(part("away"), `${me.name} is not in Teams.`);
  part("write").hidden = !me.teams;
  // In their own chat people need not say to whom they speak.
  part("at").hidden = view === "chat";
  showHint(state);
  keepPlace(posts, () => reconcile(posts, shown.length ? shown : [{ key: "first" }], drawn(() => welcome(example(state)))));
  keepPlace(chat, () => reconcile(chat, own.length ? own : [{ key: "nothing" }], drawn(nothingYet)));
  showViews(own);
  announceNew(teams, me);
}

/** Scrolls along with what is added to the end, and leaves the keyboard where it was. */
function keepPlace(list, change) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END;
  const active = list.contains(document.activeElement) ? document.activeElement : null;
  const focused = active?.closest("article");
  change();
  // A pressed button is gone after the update; the keyboard stays on its message.
  if (focused?.isConnected && !list.contains(document.activeElement)) focused.focus({ preventScroll: true });
  if (atEnd && !active?.matches("textarea, input")) list.scrollTop = list.scrollHeight;
}

/** The posts with what answers them; in a chat, which has no threads, one after the other. */
function threads({ conversation, messages, views, notices }, people, me) {
  const isChannel = /@thread\.(tacv2|skype)$/.test(conversation.id);
  const known = new Map(messages.map((message) => [message.id, message]));
  const root = (message) => (isChannel && known.has(message.replyTo) ? root(known.get(message.replyTo)) : message);
  const items = messages.map((message) => ({
    ...item(message, people, me),
    card: views[me.key]?.[message.id] ?? message.card,
    notice: notices.findLast((notice) => notice.person === me.key && notice.replyTo === message.id) ?? null,
    root: root(message).id,
  }));
  const replies = (post) => items.filter((other) => other.root === post.id && other !== post);
  return items.filter((one) => one.root === one.id).map((post) => ({ ...post, replies: replies(post) }));
}

function item(message, people, me) {
  const named = people.find((person) => person.key === message.from)?.name;
  const author = message.from === "bot" ? null : (named ?? "Somebody");
  // Another person sees another card, and has typed something else.
  return { ...message, author, key: `${me.key} ${message.id}` };
}

/** How a list of messages is drawn, and what stands there without any. */
function drawn(otherwise) {
  const draw = (node, message) => (message.id ? update(node, message) : node);
  return { key: (one) => one.key, create: (one) => (one.id ? draw(article(one), one) : otherwise()), update: draw };
}

/** What can be written here. */
function showHint(state) {
  const texts = [...state.commands.map((command) => command.example), "approvals", "help"];
  reconcile(part("hint"), [{ texts }], {
    key: () => "hint",
    create: () => h("span", { class: "hint-line" }, "Try ", chips(texts, fillIn)),
  });
}

function welcome(typed) {
  const start = () => fillIn(typed);
  const what = "The same request shows in Teams, in Slack and in the mailbox. Decide in one and watch the others.";
  return h(
    "div",
    { class: "welcome" },
    h("h3", null, typed ? "Or ask from here" : "Nothing has been asked yet"),
    typed && h("p", null, "Write ", h("button", { type: "button", class: "chip big", onclick: start }, typed)),
    h("p", { class: "dim" }, what),
  );
}

function nothingYet() {
  return h("p", { class: "empty" }, "What the bot has to say to you alone arrives here.");
}

function article({ id, author, at }) {
  const name = author ?? "Countersign";
  const time = h("time", { class: "dim", datetime: at }, clockTime(at));
  const avatar = { class: `avatar round ${author ? tint(author) : "app"}`, "aria-hidden": "true" };
  return h(
    "article",
    { class: "t-post", tabindex: "-1", "data-id": id },
    h("span", avatar, author && initials(author)),
    h("p", { class: "t-head" }, h("strong", null, name), time, h("span", { class: "dim", hidden: true }, "Edited")),
    ...["text", "card", "notice", "replies"].map((place) => h("div", { class: `t-${place}`, hidden: true })),
  );
}

function update(node, message) {
  const [, head, text, card, notice, replies] = node.children;
  head.lastElementChild.hidden = !message.edits;
  text.hidden = !message.text;
  const { text: typed, textFormat, author } = message;
  reconcile(text, [{ typed, textFormat, author }], { key: () => "text", create: written });
  card.hidden = !message.card;
  if (message.card) showCard(card, message.card, cardContext(node, message));
  notice.hidden = !message.notice;
  reconcile(notice, message.notice ? [message.notice] : [], { key: (one) => one.id, create: onlyYou });
  replies.hidden = !message.replies?.length;
  reconcile(replies, message.replies ?? [], drawn());
  return node;
}

/** The text of a message: what people typed has no marks but the mention of the bot. */
function written({ typed, textFormat, author }) {
  const [, mention, rest] = /^\s*(?:<at>([^<>]*)<\/at>)?\s*([^]*)$/.exec(typed);
  if (author) return h("p", null, mention && h("span", { class: "at" }, mention), mention && " ", rest);
  return h("div", null, textFormat === "plain" ? h("p", null, typed) : messageText(typed));
}

function onlyYou({ text, at }) {
  const line = h("p", { class: "dim" }, h("span", { "aria-hidden": "true" }, "👁"), " Only you can see this");
  line.append(" · ", h("time", { datetime: at }, clockTime(at)));
  return h("div", null, messageText(text), line);
}

function cardContext(node, { id }) {
  const person = page.person().key;
  const press = async ({ verb }, inputs) => {
    // Teams, too, waits for an answer before it lets somebody press again.
    if (pressing.has(id)) return;
    pressing.add(id);
    node.setAttribute("aria-busy", "true");
    const answer = await act("teams/press", { person, activity: id, verb, inputs });
    pressing.delete(id);
    node.removeAttribute("aria-busy");
    if (answer.problem) page.toast(answer.problem);
    else if (answer.status !== 200) page.toast(`The bot answered ${answer.status}.`);
  };
  return { id: `teams-${person}-${id}`, kept, press };
}

function showViews(own) {
  if (view === "chat") for (const { key } of own) read.add(key);
  const unread = own.filter(({ key }) => !read.has(key)).length;
  part("unread").hidden = unread === 0;
  setText(part("unread").firstElementChild, String(unread));
  for (const button of part("views").children) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
}

/** Says what this person has not seen yet; what others alone see is not news to them later either. */
function announceNew({ messages, personal, notices }, me) {
  const plain = ({ text, card }) => words(messageText(text)) || (card ? headline(card) : "");
  const entries = [
    ...messages.filter(({ from }) => from === "bot").map((message) => [message.id, "Teams", message]),
    ...personal.map((message) => [`personal ${message.id}`, "Teams, to you", message]),
    ...notices.map((notice) => [`notice ${notice.id}`, "Teams, only to you", notice]),
  ].filter(([key]) => !seen.has(key));
  for (const [key, place, entry] of entries) {
    seen.add(key);
    if (isFirst || (entry.person ?? me.key) !== me.key) continue;
    page.announce(`${place}: ${plain(entry)}`);
    page.news("teams");
  }
  isFirst = false;
}
