// The mailbox pane: every mail that was sent, and the chosen one as its recipient sees it.

import { firstStep } from "./begin.js";
import { clockTime, h, reconcile, setText } from "./dom.js";

const VIEWS = [
  ["html", "Mail"],
  ["text", "Plain text"],
  ["headers", "Headers"],
];

const body = document.getElementById("mailbox-body");
let page = null;
let chosen = null;
let view = "html";
let parts = null;
let newest = null;

/** Gets the pane going. */
export function start(shared) {
  page = shared;
  const list = h("ul", { class: "mail-list", "aria-label": "Mails, the newest first" });
  const tabs = VIEWS.map(([key, label]) =>
    h("button", { type: "button", "data-view": key, onclick: () => choose(key) }, label),
  );
  const subject = h("h3");
  const line = h("p", { class: "dim" });
  const frame = h("iframe", {
    title: "The mail as it was sent",
    sandbox: "allow-popups allow-popups-to-escape-sandbox",
    referrerpolicy: "no-referrer",
  });
  const text = h("pre", { class: "mail-text", tabindex: "0" });
  const headers = h("dl", { class: "mail-headers", tabindex: "0" });
  const toggle = h("div", { class: "toggle", role: "group", "aria-label": "Show" }, tabs);
  const head = h("div", { class: "mail-head" }, subject, line, toggle);
  const reader = h("div", { class: "mail" }, head, frame, text, headers);
  const empty = h("p", { class: "empty" });
  body.append(empty, list, reader);
  parts = { list, tabs, subject, line, frame, text, headers, reader, empty };
}

function choose(key) {
  view = key;
  show(page.state());
}

function pick(number) {
  // Whoever picks the newest wants the newest, whichever that will be.
  chosen = number === page.state().mails.at(-1)?.number ? null : number;
  show(page.state());
}

/** Shows what there is now. */
export function show(state) {
  const mails = state.mails.toReversed();
  const me = page.person();
  const mail = mails.find((mail) => mail.number === chosen) ?? mails[0];
  parts.empty.hidden = mails.length > 0;
  reconcile(parts.empty, mails.length ? [] : [{ key: "first" }], {
    key: ({ key }) => key,
    create: () => h("span", null, "Approval mails arrive here. ", firstStep(state)),
  });
  parts.list.hidden = parts.reader.hidden = mails.length === 0;
  const items = mails.map((item) => row(item, state, me, mail));
  reconcile(parts.list, items, { key: (item) => item.number, create: entry, update: updateEntry });
  if (mail) read(mail, state);
  const last = mails[0]?.number ?? 0;
  if (newest !== null && last > newest) {
    page.announce(`Mail to ${nameOf(mails[0].to, state)}: ${mails[0].subject}`);
    page.news("mailbox");
  }
  newest = last;
}

function nameOf(address, state) {
  return state.people.find((person) => person.email === address)?.name ?? address;
}

function row(mail, state, me, current) {
  return {
    number: mail.number,
    to: nameOf(mail.to, state),
    subject: mail.subject,
    time: clockTime(mail.at),
    mine: Boolean(me.email) && mail.to === me.email,
    current: mail.number === current?.number,
  };
}

function entry(item) {
  const node = h(
    "li",
    null,
    h(
      "button",
      { type: "button", onclick: () => pick(item.number) },
      h("span", { class: "mail-to" }),
      h("span", { class: "mail-subject" }),
      h("time", { class: "dim" }),
    ),
  );
  return updateEntry(node, item);
}

function updateEntry(node, item) {
  const button = node.firstElementChild;
  const [to, subject, time] = button.children;
  setText(to, item.mine ? `${item.to} (you)` : item.to);
  setText(subject, item.subject);
  setText(time, item.time);
  if (item.current) button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
  return node;
}

function read(mail, state) {
  const { subject, line, frame, text, headers, tabs } = parts;
  setText(subject, mail.subject);
  setText(line, `To ${nameOf(mail.to, state)} <${mail.to}> from ${mail.from}`);
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.view === view));
  const shown = view === "html" && !mail.hasHtml ? "text" : view;
  frame.hidden = shown !== "html";
  text.hidden = shown !== "text";
  headers.hidden = shown !== "headers";
  // Setting the address again would load the mail again.
  const address = `/playground/api/mails/${mail.number}`;
  if (frame.getAttribute("src") !== address) frame.setAttribute("src", address);
  setText(text, mail.text);
  reconcile(headers, mail.headers.map(([name, value], index) => ({ name, value, index })), {
    key: (item) => item.index,
    create: (item) => h("div", null, h("dt", null, item.name), h("dd", null, item.value)),
  });
}
