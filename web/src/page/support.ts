/** The smallest WebAssembly module with a SIMD instruction: i8x16.splat, popcnt. */
const SIMD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
);

/** Return one sentence about what this browser lacks, and what to do; undefined where it can paint. */
export function missing(): string | undefined {
  if (typeof WebAssembly !== "object") return "This browser has no WebAssembly: allow it, or use a current browser.";
  if (!WebAssembly.validate(SIMD)) return "This browser's WebAssembly has no SIMD: update it, or use another browser.";
  if (typeof Worker !== "function" || typeof OffscreenCanvas !== "function") {
    return "This browser is too old to paint in the background: update it, or use another browser.";
  }
  if (typeof DecompressionStream !== "function") return "This browser is too old to unpack the engine: update it.";
  return undefined;
}
