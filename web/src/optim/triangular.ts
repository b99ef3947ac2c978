/** Square matrices as rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/** Solve U x = b for the upper triangle U of a matrix. */
export function solveUpper(matrix: Matrix, right: readonly number[]): number[] {
  const x = [...right];
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < x.length; j++) x[i]! -= matrix[i]![j]! * x[j]!;
    x[i]! /= matrix[i]![i]!;
  }
  return x;
}

/** Solve Uᵀ x = b for the upper triangle U of a matrix. */
export function solveUpperTransposed(matrix: Matrix, right: readonly number[]): number[] {
  const x = [...right];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) x[i]! -= matrix[j]![i]! * x[j]!;
    x[i]! /= matrix[i]![i]!;
  }
  return x;
}
