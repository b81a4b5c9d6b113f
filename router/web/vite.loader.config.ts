// The one script that a shop's page names: classic, without a hash in its name, a few KiB.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const manifest = JSON.parse(readFileSync(at("dist/.vite/manifest.json"), "utf8"));

const where = (entry: string) => JSON.stringify(`/${manifest[entry].file}`);

export default defineConfig({
  define: { __PANEL__: where("widget/panel.ts"), __STATUS__: where("widget/status.ts") },
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: at("widget/widget.ts"), formats: ["iife"], name: "_", fileName: () => "widget.js" },
  },
});
