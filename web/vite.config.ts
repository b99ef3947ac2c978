import { resolve } from "node:path";
import { defineConfig, type UserConfig } from "vite";
import { compressedWasm } from "./bundling/compressedWasm.ts";
import { models } from "./bundling/models.ts";
import { offlineList } from "./bundling/offlineList.ts";
import { samples } from "./bundling/samples.ts";

/** Threads of WebAssembly need a page that is isolated from other origins. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const here = import.meta.dirname;

/**
 * `vite build`: the page for any static host, with the engine in it. `vite build --mode app`: the page of
 * `nst-onnx app`, where the package paints: without engine, models and service worker.
 */
export default defineConfig(({ mode }): UserConfig => {
  const app = mode === "app";
  const page = { index: resolve(here, "index.html") };
  return {
    base: "./", // the page works in any folder of a server
    define: { __APP__: JSON.stringify(app) },
    plugins: app
      ? [samples()]
      : [compressedWasm(), samples(), models(process.env["NST_ONNX_WEB_MODELS"] ?? resolve(here, "models")), offlineList()],
    worker: { format: "es", plugins: () => [compressedWasm()] },
    server: { headers: isolation, fs: { allow: [resolve(here, "..")] } },
    preview: { headers: isolation },
    resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser"] },
    build: {
      outDir: resolve(here, app ? "dist-app" : "dist"),
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: app ? page : { ...page, sw: resolve(here, "src/service/sw.ts") },
        output: { entryFileNames: (chunk): string => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
      },
    },
  };
});
