// Approves in the page of Microsoft's local client of Teams: starts a calculation, finds its card in the channel, writes
// a comment, presses the button, and waits until the card has no buttons left.
//
//     node press.mjs NODE_MODULES CHROMIUM CLIENT CALCULATIONS SCREENSHOTS

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./browser.mjs";

const [modules, chromium, client, calculations, screenshots] = process.argv.slice(2);
mkdirSync(screenshots, { recursive: true });

// The page would load its fonts from elsewhere.
const browser = await launch(modules, chromium);
try {
  // The list of channels is out of sight in a window that is less high.
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  await page.goto(client);
  await page.getByText("Finance", { exact: true }).click();
  // The page adds the bot anew when it is opened, and may lose what was posted before the bot has said hello, which
  // names the channel.
  await page.getByText("19:finance@thread.tacv2").first().waitFor();
  const started = await fetch(calculations, { method: "POST", body: JSON.stringify({ x: 125, y: 122, requestedBy: "ada" }) });
  if (!started.ok) throw new Error(`the calculation is not started: ${started.status}`);
  const approve = page.getByRole("button", { name: "Approve", exact: true });
  await approve.waitFor();
  await page.screenshot({ path: join(screenshots, "open.png") });
  // By the keyboard: the client takes no text from a field that nobody has typed in.
  const comment = page.getByLabel("Comment", { exact: true });
  await comment.click();
  await comment.pressSequentially("seen on the page");
  await comment.press("Tab");
  await approve.click();
  await approve.waitFor({ state: "detached" });
  await page.screenshot({ path: join(screenshots, "closed.png") });
} finally {
  await browser.close();
}
