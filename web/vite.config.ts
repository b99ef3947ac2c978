import { resolve } from "node:path";
import { defineConfig } from "vite";
import { compressedWasm } from "./bundling/compressedWasm.ts";
import { offlineList } from "./bundling/offlineList.ts";
import { samples } from "./bundling/samples.ts";

/** Threads of WebAssembly need a page that is isolated from other origins. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const outDir = resolve(import.meta.dirname, "dist");

export default defineConfig({
  base: "./", // the page works in any folder of a server
  plugins: [compressedWasm(), samples(), offlineList()],
  worker: { format: "es", plugins: () => [compressedWasm()] },
  server: { headers: isolation, fs: { allow: [resolve(import.meta.dirname, "..")] } },
  preview: { headers: isolation },
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser"] },
  build: {
    outDir,
    target: "es2022",
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: resolve(import.meta.dirname, "index.html"), sw: resolve(import.meta.dirname, "src/service/sw.ts") },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
});
