// The pages, and the panel that the widget's loader brings in at the first click.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What belongs to the demo lies in a folder of its own: only `fairline demo` serves it. */
const folder = (name: string | undefined) => (name?.startsWith("shop") ? "assets/demo/" : "assets/");

export default defineConfig({
  base: "/",
  // Tests import client code by the same names as the pages do.
  test: { include: ["**/*.test.ts"], environment: "node" },
  // Plain scripts name these as browsers would.
  resolve: { alias: [{ find: /^(\.\.\/client\/(?:fairline|model|protocol))\.js$/, replacement: "$1.ts" }] },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: true,
    // What the widget fetches later must come from this server, wherever its page is from.
    modulePreload: { polyfill: false, resolveDependencies: (_, needed, { hostType }) => (hostType === "html" ? needed : []) },
    target: "es2022",
    rollupOptions: {
      input: {
        desktop: at("desktop/index.html"),
        board: at("board/index.html"),
        page: at("widget/page.html"),
        shop: at("demo/shop.html"),
        panel: at("widget/panel.ts"),
        status: at("widget/status.ts"),
      },
      preserveEntrySignatures: "exports-only",
      output: {
        entryFileNames: ({ name }) => `${folder(name)}[name]-[hash].js`,
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: ({ names }) => `${folder(names[0])}[name]-[hash][extname]`,
      },
    },
  },
} as Parameters<typeof defineConfig>[0]);
