/** Vectors are Float32Array; sums are accumulated in double precision. */
export type Vector = Float32Array;

/** Return the inner product. */
export function dot(a: Vector, b: Vector): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** Return a + weight × b, a new vector. */
export function add(a: Vector, b: Vector, weight: number): Vector {
  const total = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) total[i] = a[i]! + weight * b[i]!;
  return total;
}

/** Return the weighted sum of vectors; those with a weight of zero are not read. */
export function combine(vectors: readonly Vector[], weights: readonly number[], size: number): Vector {
  const total = new Float32Array(size);
  vectors.forEach((vector, row) => {
    const weight = weights[row]!;
    if (weight !== 0) for (let i = 0; i < size; i++) total[i]! += weight * vector[i]!;
  });
  return total;
}

/** Return the root mean square. */
export function rootMeanSquare(vector: Vector): number {
  return Math.sqrt(dot(vector, vector) / Math.max(vector.length, 1));
}
