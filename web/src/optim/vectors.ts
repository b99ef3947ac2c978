/** Vectors are Float32Array; sums are accumulated in double precision. */
export type Vector = Float32Array;

/** Return the inner product. Four sums at once: one would wait for each addition before the next. */
export function dot(a: Vector, b: Vector): number {
  const whole = a.length - (a.length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** Return a + weight × b, a new vector. */
export function add(a: Vector, b: Vector, weight: number): Vector {
  const total = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) total[i] = a[i]! + weight * b[i]!;
  return total;
}

/** Return the weighted sum of vectors, three at once. */
export function combine(vectors: readonly Vector[], weights: readonly number[], size: number): Vector {
  const total = new Float32Array(size);
  const nothing = new Float32Array(size);
  for (let row = 0; row < vectors.length; row += 3) {
    const [a, b, c] = [vectors[row]!, vectors[row + 1] ?? nothing, vectors[row + 2] ?? nothing];
    const [u, v, w] = [weights[row]!, weights[row + 1] ?? 0, weights[row + 2] ?? 0];
    for (let i = 0; i < size; i++) total[i]! += u * a[i]! + v * b[i]! + w * c[i]!;
  }
  return total;
}
