/**
 * Add the product of two matrices to a third, in place: A is rows×inner, B inner×columns, all row by row.
 *
 * Four rows of B at once: each number of the result is then read and written a fourth as often.
 */
export function addProduct(
  total: Float32Array,
  a: Float32Array,
  b: Float32Array,
  rows: number,
  inner: number,
  columns: number,
): void {
  const whole = inner - (inner % 4);
  for (let row = 0; row < rows; row++) {
    const begin = row * columns;
    for (let k = 0; k < whole; k += 4) {
      const place = row * inner + k;
      const [f0, f1, f2, f3] = [a[place]!, a[place + 1]!, a[place + 2]!, a[place + 3]!];
      const from = k * columns;
      for (let x = 0; x < columns; x++) {
        const low = f0 * b[from + x]! + f1 * b[from + columns + x]!;
        const high = f2 * b[from + 2 * columns + x]! + f3 * b[from + 3 * columns + x]!;
        total[begin + x]! += low + high;
      }
    }
    for (let k = whole; k < inner; k++) {
      const factor = a[row * inner + k]!;
      for (let x = 0; x < columns; x++) total[begin + x]! += factor * b[k * columns + x]!;
    }
  }
}
