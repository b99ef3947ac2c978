import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";

const PLACEHOLDER = /(["'`])__OFFLINE_FILES__\1/; // in whatever quotes the minifier chose

/** Files of onnxruntime's build with WebGPU: stored when they are first needed, where there is a graphics processor. */
const LATER = /jspi/;

/** Writes the list of all files of the page, with a digest of their content, into the service worker. */
export function offlineList(): Plugin {
  let folder = "";
  return {
    name: "offline-list",
    apply: "build",
    configResolved(config): void {
      folder = config.build.outDir;
    },
    closeBundle(): void {
      const worker = join(folder, "sw.js");
      const files = all(folder).filter((file) => file !== worker && !file.endsWith(".map"));
      const digest = createHash("sha256");
      for (const file of files) digest.update(file).update(readFileSync(file));
      const names = files.map((file) => relative(folder, file).replaceAll("\\", "/"));
      const list = {
        version: digest.digest("hex").slice(0, 16),
        files: names.filter((name) => !LATER.test(name)),
        later: names.filter((name) => LATER.test(name)),
      };
      const code = readFileSync(worker, "utf8");
      if (!PLACEHOLDER.test(code)) throw new Error("the service worker has no place for its list of files");
      writeFileSync(worker, code.replace(PLACEHOLDER, () => JSON.stringify(JSON.stringify(list))));
    },
  };
}

function all(folder: string): string[] {
  return readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? all(path) : [path];
  });
}
