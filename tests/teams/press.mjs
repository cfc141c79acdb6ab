// Approves in the page of Microsoft's local client of Teams: finds the card in its channel, writes a comment, presses
// the button, and waits until the card has no buttons left.
//
//     node press.mjs NODE_MODULES CHROMIUM CLIENT SCREENSHOTS

import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

/** How often the page is loaded until it shows the card. */
const TRIES = 4;

const [modules, chromium, client, screenshots] = process.argv.slice(2);
const installed = createRequire(join(resolve(modules), "here.js"));
mkdirSync(screenshots, { recursive: true });

// The page would load its fonts from elsewhere.
const browser = await installed("playwright-core").chromium.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
try {
  // The list of channels is out of sight in a window that is less high.
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  const approve = page.getByRole("button", { name: "Approve", exact: true });
  // On a busy machine the page may get the click before it is ready for one, and is loaded again then.
  for (let tries = 1; ; tries += 1) {
    await page.goto(client);
    await page.getByText("Finance", { exact: true }).click();
    const shown = await approve.waitFor({ timeout: 15_000 }).then(() => true, () => false);
    if (shown) break;
    if (tries === TRIES) throw new Error("the card is not shown in the channel");
  }
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
