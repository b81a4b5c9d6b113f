// Packs what tsc wrote into dist/npm as one tarball, dist/client.tgz: the same bytes for the same sources.
// Refuses a package without its parts, or one that `npm publish` would take.
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const [, version] = /^__version__ = "(.+)"$/m.exec(readFileSync(at("../__init__.py"), "utf8"));
const manifest = JSON.parse(readFileSync(at("npm/package.json"), "utf8"));
if (manifest.private !== true) throw new Error("npm/package.json: private keeps it out of registries; put it back");

writeFileSync(at("dist/npm/package.json"), `${JSON.stringify({ ...manifest, version: semantic(version) }, null, 2)}\n`);
copyFileSync(at("npm/README.md"), at("dist/npm/README.md"));
const npm = process.env.npm_execpath;
const command = ["pack", "--json", "--offline", "--ignore-scripts", "--pack-destination", at("dist"), at("dist/npm")];
const said = npm ? execFileSync(process.execPath, [npm, ...command]) : execFileSync("npm", command);
const [{ filename, files }] = Object.values(JSON.parse(said));

const packed = new Set(files.map(({ path }) => path));
const targets = Object.values(manifest.exports).flatMap((one) => (typeof one === "string" ? [one] : Object.values(one)));
const missing = [...targets.map((path) => path.slice(2)), "README.md", "widget/api.d.ts", "client/generated/outgoing.d.ts"]
  .filter((path) => !packed.has(path));
if (missing.length > 0) throw new Error(`the npm package lacks ${missing.join(", ")}`);
renameSync(at(`dist/${filename}`), at("dist/client.tgz"));
rmSync(at("dist/npm"), { recursive: true });
console.log(`the npm package: ${files.length} files`);

/** "0.2.0.dev3" of Python is "0.2.0-dev.3" of npm; "1.0rc1" is "1.0.0-rc.1". */
function semantic(python) {
  const [, release, kind, number] = /^([\d.]*\d)\.?(a|b|rc|dev)?(\d*)/.exec(python);
  const numbers = [...release.split("."), "0", "0"].slice(0, 3).join(".");
  return kind ? `${numbers}-${kind}.${number || 0}` : numbers;
}
