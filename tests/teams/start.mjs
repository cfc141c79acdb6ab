// Starts an example from the page of the local run as somebody without a mouse does: with the form of its command, wrong
// first and then right, and from JSON.
//
//     node start.mjs NODE_MODULES CHROMIUM PAGE SCREENSHOTS
//
// Prints as JSON what the form had, what it said of each field, and where the keyboard was after each step.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./browser.mjs";

const [modules, chromium, address, screenshots] = process.argv.slice(2);
mkdirSync(screenshots, { recursive: true });

const browser = await launch(modules, chromium);
try {
  const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  const shot = (name) => page.screenshot({ path: join(screenshots, `${name}.png`) });
  const form = page.locator("#workflow form.starter");
  const summary = page.locator("#workflow summary", { hasText: "Start an execution" });
  /** Where the keyboard is: the name of what has it. */
  const focus = () => page.evaluate(() => document.activeElement.labels?.[0]?.firstChild?.data ?? document.activeElement.textContent);
  /** What is said of each field that is wrong, as one who does not see it hears it too. */
  const mistakes = () => form.locator("[aria-invalid=true]").evaluateAll((fields) => fields.map((field) => {
    const described = field.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id));
    return [field.labels?.[0]?.firstChild?.data ?? field.id, described.filter((node) => !node.hidden).map((node) => node.textContent).join(" ")];
  }));
  const open = async () => {
    await summary.focus();
    await page.keyboard.press("Enter");
    await form.waitFor();
  };
  const isWrong = () => form.locator("[aria-invalid=true]").first().waitFor();
  const isClosed = () => form.waitFor({ state: "hidden" });

  await page.goto(address);
  await page.locator("#actor option").first().waitFor({ state: "attached" });
  await page.locator("#actor").selectOption("linus");
  await open();
  const labels = await form.locator(".start-fields label").evaluateAll((all) => all.map((label) => label.textContent));
  await shot("open");

  await form.getByLabel("version").fill("v1");
  await form.getByLabel("environment").selectOption("");
  await page.keyboard.press("Tab");
  await form.getByLabel("version").press("Enter");
  await isWrong();
  const wrong = { mistakes: await mistakes(), focus: await focus() };
  await shot("wrong");
  // What is typed is not called wrong before it is looked at again.
  await form.getByLabel("version").fill("1.4.2");
  const typing = await mistakes();

  await form.getByLabel("environment").selectOption("production");
  await form.getByLabel("notes").fill("All customers\nget it.");
  await form.getByRole("button", { name: "Start as Linus Pauling" }).press("Enter");
  await isClosed();
  const right = { focus: await focus() };
  await page.locator("#messages article", { hasText: "Release 1.4.2 to production" }).first().waitFor();
  await shot("started");

  await open();
  const kept = await form.getByLabel("version").inputValue();
  await form.getByRole("button", { name: "JSON" }).press("Enter");
  const toggled = await focus();
  await form.getByLabel("Input (JSON)").fill("{\"version\": ");
  await form.getByRole("button", { name: "Start", exact: true }).press("Enter");
  await isWrong();
  const json = { mistakes: await mistakes(), focus: await focus() };
  await shot("json");
  await form.getByLabel("Input (JSON)").fill('{"version": "2.0.0", "environment": "staging", "requestedBy": "linus"}');
  await form.getByRole("button", { name: "Start", exact: true }).press("Enter");
  await isClosed();
  await page.locator("#messages article", { hasText: "Release 2.0.0 to staging" }).first().waitFor();

  await page.locator("#actor").selectOption("outsider");
  await open();
  await form.getByRole("button", { name: "Fields" }).press("Enter");
  await form.getByRole("button", { name: "Start as Mallory" }).press("Enter");
  await form.locator("#start-problem:not([hidden])").waitFor();
  const stranger = await form.locator("#start-problem").textContent();
  const mentioned = await page.locator(".c-card .at").allTextContents();
  const markup = (await page.locator("body").innerText()).includes("<at>");
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  const shown = { mentioned, markup, problems, width };
  process.stdout.write(JSON.stringify({ labels, wrong, typing, right, kept, toggled, json, stranger, ...shown }));
} finally {
  await browser.close();
}
