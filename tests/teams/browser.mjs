// A browser that reaches this machine, or nothing at all.

import { createRequire } from "node:module";
import { join, resolve } from "node:path";

/** Starts Chromium with what is installed in `modules`. It reaches the host `reached`, or with `null` nothing. */
export async function launch(modules, chromium, reached = "127.0.0.1") {
  const installed = createRequire(join(resolve(modules), "here.js"));
  const rules = ["MAP * ~NOTFOUND", ...(reached ? [`EXCLUDE ${reached}`] : [])].join(", ");
  return installed("playwright-core").chromium.launch({
    executablePath: chromium,
    args: ["--no-sandbox", `--host-resolver-rules=${rules}`],
  });
}
