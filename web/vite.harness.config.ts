import { defineConfig } from "vite";

/** The engine for Node: tests and benchmarks run it. */
export default defineConfig({
  build: { ssr: "tests/harness.ts", outDir: "build", target: "node20", minify: false },
});
