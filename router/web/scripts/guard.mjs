// A package without pages looks whole until somebody opens one: refuse to call that a build.
import { existsSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";

const at = (path) => new URL(`../dist/${path}`, import.meta.url);
const manifest = JSON.parse(readFileSync(at(".vite/manifest.json"), "utf8"));
const wanted = ["widget.js", "client.js", "client.tgz", "widget/page.html", "desktop/index.html", "board/index.html", "demo/shop.html"];
const missing = wanted.filter((path) => !existsSync(at(path)) || statSync(at(path)).size === 0);

/** A chunk and all that it cannot do without, gzipped, as a browser fetches them. */
function weight(name, seen = new Set()) {
  if (seen.has(name)) return 0;
  seen.add(name);
  const { file, imports = [] } = manifest[name];
  return gzipSync(readFileSync(at(file))).length + imports.reduce((sum, one) => sum + weight(one, seen), 0);
}

const budgets = [
  ["the widget's loader", gzipSync(readFileSync(at("widget.js"))).length, 4 * 1024],
  ["the widget's open panel", weight("widget/panel.ts"), 35 * 1024],
];
const heavy = budgets.filter(([, bytes, most]) => bytes > most);
for (const [what, bytes, most] of budgets) console.log(`${what}: ${bytes} of ${most} bytes gzip`);
for (const path of missing) console.error(`missing: dist/${path}`);
for (const [what, bytes, most] of heavy) console.error(`too heavy: ${what} has ${bytes} bytes gzip, at most ${most}`);
process.exitCode = missing.length + heavy.length > 0 ? 1 : 0;
