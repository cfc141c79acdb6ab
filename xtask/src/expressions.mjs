// Compares the engine's table of expressions with the package `jsonata`: each row must come out as it says, or as its
// `npm` says, where the two differ and `why` has the reason.

import fs from "node:fs";
import { createRequire } from "node:module";

const [tablePath, modules] = process.argv.slice(2);
const jsonata = createRequire(`${modules}/`)("jsonata");
const table = JSON.parse(fs.readFileSync(tablePath, "utf8"));

// What JSON has no word for is the text that AWS makes of it.
const toJson = (value) =>
  JSON.parse(JSON.stringify(value, (_, part) => (typeof part === "number" && !Number.isFinite(part) ? String(part) : part)));

const isFunction = (value) =>
  typeof value === "function" || value instanceof RegExp || Boolean(value?._jsonata_lambda || value?._jsonata_function);

const outcome = async (expression) => {
  try {
    const bindings = { states: { input: structuredClone(table.input) }, ...structuredClone(table.variables) };
    const value = await jsonata(expression).evaluate(undefined, bindings);
    if (value === undefined) return { nothing: true };
    return isFunction(value) ? { function: true } : { gives: toJson(value) };
  } catch (error) {
    return { fails: error.code ?? error.name };
  }
};

const expected = ({ gives, nothing, fails, refused, npm }) => {
  if (npm !== undefined) return npm;
  if (nothing) return { nothing };
  return fails === undefined && refused === undefined ? { gives } : { fails: fails ?? refused };
};

let differences = 0;
for (const row of table.rows) {
  const [is, ought] = [JSON.stringify(await outcome(row.expression)), JSON.stringify(expected(row))];
  if (is !== ought) {
    differences += 1;
    console.log(`${row.expression}\n  the table says ${ought}\n  jsonata says   ${is}`);
  }
}
console.log(`${table.rows.length} expressions, ${differences} not as the table says`);
process.exitCode = differences === 0 && table.rows.length > 0 ? 0 : 1;
