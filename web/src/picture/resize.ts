import type { Picture, Shape } from "./picture";

const LOBES = 3;

/** For each output position: where its window begins, and its weights. */
interface Windows {
  readonly starts: Int32Array;
  readonly weights: readonly Float64Array[];
}

/**
 * Resample a picture with a Lanczos window of three lobes, widened when reducing; rows first, then columns, clipped to
 * 0..1. The arithmetic is Pillow's, which the package resizes with.
 */
export function resize(picture: Picture, shape: Shape): Picture {
  const planes = picture.data.length / (picture.height * picture.width);
  const data = resizePlanes(picture.data, picture, shape, planes);
  const alpha = picture.alpha && resizePlanes(picture.alpha, picture, shape, 1);
  return { ...shape, height: shape.height, width: shape.width, data, alpha };
}

/** Resample planes, one after the other, to another shape. */
export function resizePlanes(planes: Float32Array, from: Shape, to: Shape, count: number): Float32Array {
  const across = from.width === to.width ? undefined : windows(from.width, to.width);
  const down = from.height === to.height ? undefined : windows(from.height, to.height);
  const result = new Float32Array(count * to.height * to.width);
  for (let plane = 0; plane < count; plane++) {
    const size = from.height * from.width;
    let part: Float32Array = planes.subarray(plane * size, (plane + 1) * size);
    if (across) part = alongRows(part, from.height, from.width, across);
    if (down) part = alongColumns(part, to.width, down);
    result.set(part, plane * to.height * to.width);
  }
  for (let i = 0; i < result.length; i++) result[i] = Math.min(Math.max(result[i]!, 0), 1);
  return result;
}

function windows(size: number, wanted: number): Windows {
  const scale = size / wanted;
  const stretch = Math.max(scale, 1);
  const support = LOBES * stretch;
  const starts = new Int32Array(wanted);
  const weights: Float64Array[] = [];
  for (let i = 0; i < wanted; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), size);
    const window = Float64Array.from({ length: end - start }, (_, k) => lanczos((k + start - centre + 0.5) / stretch));
    const sum = window.reduce((a, b) => a + b, 0);
    starts[i] = start;
    weights.push(window.map((weight) => weight / sum));
  }
  return { starts, weights };
}

function lanczos(x: number): number {
  return x >= -LOBES && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function alongRows(plane: Float32Array, height: number, width: number, { starts, weights }: Windows): Float32Array {
  const wanted = starts.length;
  const result = new Float32Array(height * wanted);
  for (let x = 0; x < wanted; x++) {
    const window = weights[x]!;
    for (let y = 0; y < height; y++) {
      const begin = y * width + starts[x]!;
      let total = 0;
      for (let k = 0; k < window.length; k++) total += window[k]! * plane[begin + k]!;
      result[y * wanted + x] = total;
    }
  }
  return result;
}

function alongColumns(plane: Float32Array, width: number, { starts, weights }: Windows): Float32Array {
  const result = new Float32Array(starts.length * width);
  const totals = new Float64Array(width);
  for (let y = 0; y < starts.length; y++) {
    totals.fill(0);
    weights[y]!.forEach((weight, k) => {
      const begin = (starts[y]! + k) * width;
      for (let x = 0; x < width; x++) totals[x]! += weight * plane[begin + x]!;
    });
    result.set(totals, y * width);
  }
  return result;
}
