import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Adds the files of `nst-onnx export web` to the page, as models/NAME; graphs compressed, which makes them a fifth. */
export function models(folder: string): Plugin {
  return {
    name: "models",
    buildStart(): void {
      if (!existsSync(join(folder, "constants.json"))) this.error(`run first: nst-onnx export web ${folder}`);
    },
    generateBundle(): void {
      for (const name of readdirSync(folder)) {
        const source = readFileSync(join(folder, name));
        this.emitFile({ type: "asset", fileName: `models/${name}`, source: name.endsWith(".onnx") ? gzipSync(source, { level: 9 }) : source });
      }
    },
    configureServer(server): void {
      server.middlewares.use("/models", (request, response, next) => {
        const name = (request.url ?? "").slice(1);
        if (!readdirSync(folder).includes(name)) {
          next();
          return;
        }
        response.end(readFileSync(join(folder, name)));
      });
    },
  };
}
