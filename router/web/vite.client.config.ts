// The client library as one module under a name that stays: pages and Node import it.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: at("client/index.ts"), formats: ["es"], fileName: () => "client.js" },
  },
});
