/** The lowest frequencies of the orthonormal DCT-II along one axis, as rows of a matrix `count`×`size`. */
export interface Basis {
  readonly count: number;
  readonly size: number;
  readonly rows: Float32Array;
}

/** Return the first `count` basis vectors of `size` numbers. */
export function dctBasis(size: number, count: number): Basis {
  const kept = Math.max(1, Math.min(count, size));
  const rows = new Float32Array(kept * size);
  for (let k = 0; k < kept; k++) {
    for (let i = 0; i < size; i++) {
      rows[k * size + i] =
        k === 0 ? Math.sqrt(1 / size) : Math.sqrt(2 / size) * Math.cos((Math.PI / size) * k * (i + 0.5));
    }
  }
  return { count: kept, size, rows };
}

/** Return the coefficients (down.count × across.count) of a plane (down.size × across.size). */
export function transform(plane: Float32Array, down: Basis, across: Basis): Float32Array {
  const width = across.size;
  const partial = new Float32Array(down.count * width);
  for (let k = 0; k < down.count; k++) {
    const sums = partial.subarray(k * width, (k + 1) * width);
    for (let y = 0; y < down.size; y++) {
      addScaled(sums, plane.subarray(y * width, (y + 1) * width), down.rows[k * down.size + y]!);
    }
  }
  const coefficients = new Float32Array(down.count * across.count);
  for (let k = 0; k < down.count; k++) {
    for (let l = 0; l < across.count; l++) {
      let total = 0;
      for (let x = 0; x < width; x++) total += partial[k * width + x]! * across.rows[l * width + x]!;
      coefficients[k * across.count + l] = total;
    }
  }
  return coefficients;
}

/** Add the plane of some coefficients to `plane`, in place. */
export function addInverse(plane: Float32Array, coefficients: Float32Array, down: Basis, across: Basis): void {
  const width = across.size;
  const partial = new Float32Array(down.count * width);
  for (let k = 0; k < down.count; k++) {
    const sums = partial.subarray(k * width, (k + 1) * width);
    for (let l = 0; l < across.count; l++) {
      addScaled(sums, across.rows.subarray(l * width, (l + 1) * width), coefficients[k * across.count + l]!);
    }
  }
  for (let y = 0; y < down.size; y++) {
    const row = plane.subarray(y * width, (y + 1) * width);
    for (let k = 0; k < down.count; k++) {
      addScaled(row, partial.subarray(k * width, (k + 1) * width), down.rows[k * down.size + y]!);
    }
  }
}

function addScaled(total: Float32Array, row: Float32Array, factor: number): void {
  for (let i = 0; i < total.length; i++) total[i]! += factor * row[i]!;
}
