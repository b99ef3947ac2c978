import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Modules whose content is the address of a build of onnxruntime; the second one has WebGPU. */
const BUILDS: Readonly<Record<string, string>> = {
  "virtual:ort-wasm": "ort-wasm-simd-threaded.wasm",
  "virtual:ort-wasm-gpu": "ort-wasm-simd-threaded.jspi.wasm",
};

/** Emits onnxruntime's WebAssembly compressed, so that any static server sends 4 MB instead of 14. */
export function compressedWasm(): Plugin {
  const require = createRequire(import.meta.url);
  let serving = false;
  return {
    name: "compressed-wasm",
    configResolved(config): void {
      serving = config.command === "serve";
    },
    resolveId: (id) => (id in BUILDS ? `\0${id}` : undefined),
    load(id): string | undefined {
      const file = BUILDS[id.slice(1)];
      if (file === undefined || !id.startsWith("\0")) return undefined;
      const path = require.resolve(`onnxruntime-web/${file}`);
      if (serving) return `export { default } from ${JSON.stringify(`${path}?url`)};`;
      const source = gzipSync(readFileSync(path), { level: 9 });
      const reference = this.emitFile({ type: "asset", name: `${file.replace("ort-wasm-simd-threaded", "onnxruntime")}.gz.bin`, source });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}
