import { addProduct } from "./product";

/** The lowest frequencies of the orthonormal DCT-II along one axis: `count`×`size`, and transposed. */
export interface Basis {
  readonly count: number;
  readonly size: number;
  readonly rows: Float32Array;
  readonly columns: Float32Array;
}

/** Return the first `count` basis vectors of `size` numbers. */
export function dctBasis(size: number, count: number): Basis {
  const kept = Math.max(1, Math.min(count, size));
  const rows = new Float32Array(kept * size);
  const columns = new Float32Array(kept * size);
  for (let k = 0; k < kept; k++) {
    for (let i = 0; i < size; i++) {
      const value = k === 0 ? Math.sqrt(1 / size) : Math.sqrt(2 / size) * Math.cos((Math.PI / size) * k * (i + 0.5));
      rows[k * size + i] = value;
      columns[i * kept + k] = value;
    }
  }
  return { count: kept, size, rows, columns };
}

/** Return the coefficients (down.count × across.count) of a plane (down.size × across.size). */
export function transform(plane: Float32Array, down: Basis, across: Basis): Float32Array {
  const partial = new Float32Array(down.count * across.size);
  addProduct(partial, down.rows, plane, down.count, down.size, across.size);
  const coefficients = new Float32Array(down.count * across.count);
  addProduct(coefficients, partial, across.columns, down.count, across.size, across.count);
  return coefficients;
}

/** Add the plane of some coefficients to `plane`, in place. */
export function addInverse(plane: Float32Array, coefficients: Float32Array, down: Basis, across: Basis): void {
  const partial = new Float32Array(down.count * across.size);
  addProduct(partial, coefficients, across.rows, down.count, across.count, across.size);
  addProduct(plane, down.columns, partial, down.size, down.count, across.size);
}
