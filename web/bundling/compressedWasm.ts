import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const NAME = "virtual:ort-wasm";

/** Emits onnxruntime's WebAssembly compressed, so that any static server sends 4 MB instead of 14. */
export function compressedWasm(): Plugin {
  const path = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  let serving = false;
  return {
    name: "compressed-wasm",
    configResolved(config): void {
      serving = config.command === "serve";
    },
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load(id): string | undefined {
      if (id !== `\0${NAME}`) return undefined;
      if (serving) return `export { default } from ${JSON.stringify(`${path}?url`)};`;
      const source = gzipSync(readFileSync(path), { level: 9 });
      const reference = this.emitFile({ type: "asset", name: "onnxruntime.wasm.gz.bin", source });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}
