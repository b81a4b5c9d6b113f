// What AsyncAPI's own parser finds wrong with each of the documents named: one JSON list for all,
// in which each document has a list of [severity, code, path]; 0 is an error, 1 a warning.
import { readFileSync } from "node:fs";

import { Parser } from "@asyncapi/parser";

const parser = new Parser();
const found = [];
for (const name of process.argv.slice(2)) {
  const { diagnostics } = await parser.parse(readFileSync(name, "utf8"));
  found.push(diagnostics.map(({ severity, code, path }) => [severity, code, path.join(".")]));
}
console.log(JSON.stringify(found));
