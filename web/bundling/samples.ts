import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";

const NAME = "virtual:samples";
const EXAMPLES = resolve(import.meta.dirname, "..", "..", "examples");

/** The drawn pictures of examples/ as the page's samples. */
export function samples(): Plugin {
  return {
    name: "samples",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load(id): string | undefined {
      if (id !== `\0${NAME}`) return undefined;
      const lists = { photos: listed("content"), paintings: listed("styles") };
      const imports = Object.values(lists).flat().map(({ variable, path }) => `import ${variable} from ${JSON.stringify(`${path}?url`)};`);
      const exports = Object.entries(lists).map(([list, entries]) => {
        const items = entries.map(({ name, variable }) => `{ name: ${JSON.stringify(name)}, url: ${variable} }`);
        return `export const ${list} = [${items.join(", ")}];`;
      });
      return [...imports, ...exports].join("\n");
    },
  };
}

function listed(folder: string): { name: string; variable: string; path: string }[] {
  const files = readdirSync(resolve(EXAMPLES, folder)).filter((file) => file.endsWith(".jpg")).sort();
  return files.map((file) => {
    const stem = file.replace(/\.jpg$/, "");
    return { name: stem.replaceAll("_", " "), variable: `${folder}_${stem}`, path: resolve(EXAMPLES, folder, file) };
  });
}
