import type { Basis } from "./dct";

/**
 * Where an optimiser's vectors are, and the arithmetic on them: the processor's memory, or that of a graphics
 * processor. Vectors are not changed once they are made.
 */
export interface Space<V> {
  /** Return a vector of numbers. */
  take(values: Float32Array): V;
  /** Return the numbers of a vector. */
  host(vector: V): Promise<Float32Array>;
  /** Return how many numbers a vector has. */
  length(vector: V): number;
  /** Return the inner product of each pair. */
  dots(pairs: readonly (readonly [V, V])[]): Promise<number[]>;
  /** Return the weighted sum of vectors. */
  combine(vectors: readonly V[], weights: readonly number[]): V;
  /** Return the transforms of pictures whose axes have these bases. `opponents`: 3×3, from RGB. */
  transforms(down: Basis, across: Basis, opponents: readonly (readonly number[])[]): Transforms<V>;
  /** Release all vectors but these. */
  keep(vectors: Iterable<V>): void;
  /** Release all vectors: none may be used any more. */
  close(): void;
}

/** C, its transpose, and the diagonal matrix E of the preconditioner P = I + Cᵀ E C. */
export interface Transforms<V> {
  /** Return C v: the lowest DCT coefficients of the opponent colours. */
  dct(vector: V): V;
  /** Return E w: each coefficient times its gain − 1. */
  applyExcessGain(coefficients: V): V;
  /** Return v + Cᵀ w. */
  addInverseDct(vector: V, coefficients: V): V;
  /** Set E: one number for each coefficient. */
  setExcess(excess: Float32Array): void;
}

/** Return the root mean square of a vector. */
export async function rootMeanSquare<V>(space: Space<V>, vector: V): Promise<number> {
  const [square] = await space.dots([[vector, vector]]);
  return Math.sqrt(square! / Math.max(space.length(vector), 1));
}
