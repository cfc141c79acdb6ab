// Renders cards in a browser as Teams does: Microsoft's renderer, Teams' themes, and the widths of a phone and a desk.
//
//     node render.mjs NODE_MODULES CHROMIUM SCREENSHOTS < cards.json > problems.json
//
// A card comes as {name, card, texts, buttons, menu, presses}: what must be there to be read, the titles of all buttons
// that are there before and after each has been pressed, the options of its menu with the button that each opens, if it opens any, and
// what single presses send. What is wrong goes out as a list of sentences; a list that is empty says that all is well.

import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { launch } from "./browser.mjs";
import { background, hostConfig, themes } from "./hosts.mjs";

const WIDTHS = [320, 800];
/** Clients that do not know `Action.Execute` take what stands in its place. */
const CLIENTS = ["Action.Execute", "Action.Submit"];
/** What the renderer calls the button behind which the secondary actions are. */
const MENU = "...";
/**
 * The renderer takes the popup of a menu away, and Chromium then moves the keyboard to what lies under it, at which the
 * renderer takes it away once more. The popup is gone, and no other code on the page takes anything away.
 */
const CLOSED_TWICE =
  "Failed to execute 'removeChild' on 'Node': The node to be removed is not a child of this node.";

const [modules, chromium, screenshots] = process.argv.slice(2);
const installed = createRequire(join(resolve(modules), "here.js"));
const cards = JSON.parse(await text(process.stdin));
const problems = [];

// Nothing is loaded from anywhere, whatever a card names.
const browser = await launch(modules, chromium, null);
try {
  const page = await prepared(await browser.newPage());
  for (const card of cards) {
    for (const theme of themes) {
      for (const width of WIDTHS) {
        await shown(page, card, theme, width);
      }
    }
    for (const client of CLIENTS) {
      for (const press of card.presses) {
        await pressed(page, card, client, press);
      }
    }
  }
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify(problems));

/** A page with the renderer in it. */
async function prepared(page) {
  const said = (message) => problems.push(`the page says: ${message}`);
  page.on("pageerror", (error) => error.message !== CLOSED_TWICE && said(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && said(message.text()));
  page.on("request", (request) => said(`something is loaded from ${request.url()}`));
  await page.setContent("<!doctype html><meta charset='utf-8'><body style='margin: 0'></body>");
  await page.addStyleTag({ path: installed.resolve("adaptivecards/dist/adaptivecards.css") });
  await page.addScriptTag({ path: installed.resolve("adaptivecards/dist/adaptivecards.min.js") });
  await page.addScriptTag({ path: installed.resolve("markdown-it/browser") });
  await page.evaluate(inPage);
  return page;
}

/** Looks at a card as it is, and again with everything open that it can open. */
async function shown(page, { name, card, texts, buttons, menu }, theme, width) {
  const place = `${name}, ${theme}, ${width} px`;
  const wrong = (problem) => problems.push(`${place}: ${problem}`);
  await page.setViewportSize({ width: width + 40, height: 600 });
  (await page.evaluate(show, [card, hostConfig(theme), background(theme), width, "Action.Execute"])).forEach(wrong);
  const overflow = async () => (await page.evaluate(overflowing)).forEach(wrong);
  await overflow();
  await photograph(page, name, theme, width, "");
  const opened = new Set();
  let found = await visibleButtons(page);
  for (let next; (next = found.find(({ opens, title }) => opens && title !== MENU && !opened.has(title))); ) {
    opened.add(next.title);
    await press(page, next.title);
    await overflow();
    await photograph(page, name, theme, width, ` ${opened.size}`);
    found = await visibleButtons(page);
  }
  const titles = found.map(({ title }) => title);
  if (titles.join(", ") !== buttons.join(", ")) {
    wrong(`the buttons are ${titles.join(", ") || "none"}, not ${buttons.join(", ") || "none"}`);
  }
  const read = await page.evaluate(() => document.querySelector("#card").innerText);
  // The marks without width that keep text from being read as something else are for no reader.
  const plain = (text) => text.replace(/[\u200b\u2060]/gu, "").replace(/\s+/gu, " ").trim();
  for (const expected of texts.filter((expected) => !plain(read).includes(plain(expected)))) {
    wrong(`nobody can read: ${expected}`);
  }
  for (const [option, opens] of menu) {
    await press(page, MENU);
    await press(page, option);
    await overflow();
    await photograph(page, name, theme, width, ` ${option}`);
    if (opens && !(await visibleButtons(page)).some(({ title }) => title === opens)) wrong(`${option} does not open ${opens}`);
  }
}

/** Fills inputs in, presses one button after the other, and compares what the last of them sends. */
async function pressed(page, { name, card }, client, { path, inputs, sends, says }) {
  const wrong = (problem) => problems.push(`${name}, ${client}, ${path.join(" then ")}: ${problem}`);
  await page.evaluate(show, [card, hostConfig("light"), background("light"), WIDTHS[1], client]);
  for (const title of path.slice(0, -1)) await press(page, title);
  for (const [label, value] of Object.entries(inputs)) {
    const input = page.getByLabel(label);
    await (value === true ? input.check() : input.fill(value));
  }
  await press(page, path.at(-1));
  const sent = await page.evaluate(() => window.sent);
  const expected = sends === null ? [] : [{ type: client, ...sends }];
  if (client === "Action.Submit") expected.forEach((action) => delete action.verb);
  const [is, should] = [sent, expected].map((actions) => JSON.stringify(actions.map(sorted)));
  if (is !== should) wrong(`it sends ${is}, not ${should}`);
  if (says && !(await page.getByText(says).isVisible())) wrong(`it does not say: ${says}`);
}

/** Presses a button by its title, or chooses an option of the menu that is open. */
async function press(page, title) {
  const named = (role) => page.getByRole(role, { name: title, exact: true });
  const menu = page.locator("#card button", { hasText: MENU });
  await (title === MENU ? menu : named("button").or(named("menuitem"))).click();
}

function sorted(value) {
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

async function visibleButtons(page) {
  return page.evaluate(() => {
    const all = [...document.querySelectorAll("#card button")].filter((button) => button.checkVisibility());
    return all.map((button) => ({ title: button.innerText.trim(), opens: button.hasAttribute("aria-expanded") }));
  });
}

async function photograph(page, name, theme, width, what) {
  mkdirSync(screenshots, { recursive: true });
  await page.locator("#card").screenshot({ path: join(screenshots, `${name} ${theme} ${width}${what}.png`) });
}

/** What the page needs once: Markdown as Teams reads it, which has no HTML. */
function inPage() {
  const markdown = new window.markdownit({ html: false, linkify: false });
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = markdown.render(text);
    result.didProcess = true;
  };
}

/** Shows a card on an empty page, and returns what the renderer has to say about it. */
function show([payload, config, background, width, client]) {
  const { AdaptiveCard, GlobalRegistry, HostConfig, SerializationContext, Versions } = AdaptiveCards;
  const context = new SerializationContext(Versions.v1_5);
  if (client !== "Action.Execute") {
    const actions = new AdaptiveCards.CardObjectRegistry();
    GlobalRegistry.populateWithDefaultActions(actions);
    actions.unregister("Action.Execute");
    context.setActionRegistry(actions);
  }
  const card = new AdaptiveCard();
  card.hostConfig = new HostConfig(config);
  card.parse(payload, context);
  window.sent = [];
  card.onExecuteAction = (action) => {
    const sent = { type: action.getJsonTypeName(), verb: action.verb, data: action.data };
    if (action.getJsonTypeName() !== "Action.OpenUrl") window.sent.push(JSON.parse(JSON.stringify(sent)));
  };
  document.body.innerHTML = "";
  document.body.style.background = background;
  const frame = document.createElement("div");
  frame.id = "card";
  frame.style.width = `${width}px`;
  // As in the chats of Microsoft's local client. Its channels break no words, and cut long ones off.
  frame.style.overflowWrap = "break-word";
  frame.append(card.render());
  document.body.append(frame);
  const events = Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index).message);
  const failures = card.validateProperties().validationEvents.map((event) => event.message);
  const links = [...frame.querySelectorAll("a, img, script, iframe")].map((element) => `it has ${element.outerHTML}`);
  return [...events, ...failures, ...links];
}

/** What reaches over the edge of the card, or is cut off by an element around it. */
function overflowing() {
  const frame = document.querySelector("#card");
  const edge = frame.getBoundingClientRect();
  const wrong = new Map();
  for (const element of frame.querySelectorAll("*")) {
    const { left, right, width } = element.getBoundingClientRect();
    // What one writes in is scrolled.
    const isWrittenIn = ["TEXTAREA", "INPUT"].includes(element.tagName);
    const hides = !isWrittenIn && getComputedStyle(element).overflowX !== "visible";
    if (width > 0 && (right > edge.right + 1 || left < edge.left - 1)) wrong.set(element, "too wide");
    else if (hides && element.scrollWidth > element.clientWidth + 1) wrong.set(element, "cut off");
  }
  const isInnermost = ([element]) => ![...wrong.keys()].some((other) => other !== element && element.contains(other));
  const innermost = [...wrong].filter(isInnermost);
  return innermost.map(([element, what]) => `${what}: ${element.innerText.slice(0, 60)}`);
}
