import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const ROOT = import.meta.dirname;
const OUT = join(ROOT, "dist/pages");
const PAGES = readdirSync(join(ROOT, "pages")).filter((name) => name.endsWith(".html"));

/** What a phone needs to start without a network; the barcode decoder comes when it is used. */
const isPrecached = (name: string) => !name.endsWith(".wasm") && name !== "sw.js";

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

/** Tells the service worker which files there are, and lays each file's compressed forms beside it. */
function finish(): Plugin {
  return {
    name: "finish",
    apply: "build",
    closeBundle() {
      const names = files(OUT).map((path) => relative(OUT, path)).sort();
      const kept = names.filter(isPrecached);
      const hash = createHash("sha256");
      for (const name of kept) hash.update(name).update(readFileSync(join(OUT, name)));
      const paths = kept.map((name) => "/" + name.replace(/\.html$/, "").replace(/^index$/, ""));
      const worker = readFileSync(join(OUT, "sw.js"), "utf8")
        .replace("__VERSION__", hash.digest("hex").slice(0, 12))
        .replace("__FILES__", JSON.stringify(paths));
      writeFileSync(join(OUT, "sw.js"), worker);
      for (const name of names) {
        const plain = readFileSync(join(OUT, name));
        const brotli = brotliCompressSync(plain, {
          params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
        });
        const gzip = gzipSync(plain, { level: 9 });
        if (brotli.length < plain.length) writeFileSync(join(OUT, `${name}.br`), brotli);
        if (gzip.length < plain.length) writeFileSync(join(OUT, `${name}.gz`), gzip);
      }
    },
  };
}

export default defineConfig({
  root: join(ROOT, "pages"),
  publicDir: join(ROOT, "public"),
  plugins: [svelte({ configFile: false }), finish()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the security policy allows no inline style or script
    modulePreload: { polyfill: false },
    rollupOptions: { input: PAGES.map((name) => join(ROOT, "pages", name)) },
  },
});
