// Does in a browser what scanners of mails do: opens the page behind the link, lets it load and run, presses each button
// and submits each form without choosing anything. Then, when it is told to, chooses and submits like a person.
//
//     node scan.mjs NODE_MODULES CHROMIUM LINK SCREENSHOTS [VERDICT]
//
// Prints as JSON what the browser loaded, and what the page says in the end.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./browser.mjs";

const [modules, chromium, link, screenshots, verdict] = process.argv.slice(2);
mkdirSync(screenshots, { recursive: true });

const browser = await launch(modules, chromium);
try {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  const loaded = [];
  page.on("request", (request) => loaded.push(`${request.method()} ${request.resourceType()}`));
  const open = () => page.goto(link, { waitUntil: "networkidle" });
  await open();
  const buttons = await page.locator("form button, form input[type=submit]").count();
  if (verdict) {
    await page.getByLabel("Comment").fill("seen in the browser");
    await page.getByRole("radio", { name: verdict, exact: true }).check();
    await page.screenshot({ path: join(screenshots, `${verdict}-chosen.png`), fullPage: true });
    await page.getByRole("button").click();
  } else {
    await page.screenshot({ path: join(screenshots, "open.png"), fullPage: true });
    for (let number = 0; number < buttons; number += 1) {
      await open();
      await page.locator("form button, form input[type=submit]").nth(number).click();
      await page.waitForLoadState("networkidle");
    }
    // Past what the browser itself would ask for, as a program does that fills in no form but sends it.
    for (const way of ["submit", "noValidate"]) {
      await open();
      await page.evaluate((way) => {
        const form = document.forms[0];
        form.noValidate = true;
        if (way === "submit") form.submit();
        else form.requestSubmit();
      }, way);
      await page.waitForLoadState("networkidle");
      await page.waitForTimeout(200);
    }
    await page.screenshot({ path: join(screenshots, "refused.png"), fullPage: true });
  }
  await page.waitForLoadState("networkidle");
  const widths = await page.locator("dt, dd").evaluateAll((cells) => cells.map((cell) => cell.clientWidth));
  const narrowest = Math.min(...widths);
  process.stdout.write(JSON.stringify({ buttons, loaded, narrowest, text: await page.innerText("main") }));
  if (verdict) await page.screenshot({ path: join(screenshots, `${verdict}-done.png`), fullPage: true });
} finally {
  await browser.close();
}
