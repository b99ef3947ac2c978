const MEMORY = /bad_alloc|out of memory|memory access out of bounds|allocat|Array buffer/i;
const SENTENCE = /^[A-Z][^\n]{0,200}\.$/;

/** Return one sentence about an error for a person: what is wrong, and what to do. */
export function explained(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // WebAssembly throws C++'s exceptions as numbers: the only one that is not caught there is bad_alloc.
  if (error instanceof RangeError || typeof error === "number" || MEMORY.test(message)) {
    return "There is not enough memory for this size: choose a smaller one, or close other tabs.";
  }
  if (SENTENCE.test(message)) return message; // one of our own
  return `The engine failed: reload the page, or try another browser (${message.split("\n")[0]!.slice(0, 120)}).`;
}
