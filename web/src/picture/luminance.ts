import type { OklabConstants } from "../engine/constants";
import type { Picture } from "./picture";

type Triple = [number, number, number];
type Matrix = readonly (readonly number[])[];

const BISECTIONS = 16;
const TOLERANCE = 1e-5;

/**
 * Return the lightness of a painting with the colours of a photo of the same size, in Oklab.
 *
 * A pair outside sRGB loses chroma, not lightness or hue: `nst_onnx/picture/colour/luminance.py`.
 */
export function transferLuminance(painting: Picture, photo: Picture, constants: OklabConstants): Picture {
  const size = painting.height * painting.width;
  const data = new Float32Array(3 * size);
  for (let i = 0; i < size; i++) {
    const [lightness] = fromSrgb(at(painting.data, i, size), constants);
    const [, a, b] = fromSrgb(at(photo.data, i, size), constants);
    const rgb = toSrgb([lightness, a, b], constants);
    for (let c = 0; c < 3; c++) data[c * size + i] = rgb[c]!;
  }
  return { ...painting, data };
}

function at(planes: Float32Array, i: number, size: number): Triple {
  return [clip(planes[i]!), clip(planes[size + i]!), clip(planes[2 * size + i]!)];
}

function fromSrgb(rgb: Triple, { cones, opponents }: OklabConstants): Triple {
  const linear = mapped(rgb, (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return times(opponents, mapped(times(cones, linear), Math.cbrt));
}

function toSrgb(lab: Triple, constants: OklabConstants): Triple {
  const linear = toLinear(intoGamut([clip(lab[0]), lab[1], lab[2]], constants), constants);
  return mapped(linear, (value) => {
    const v = clip(value);
    return clip(v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);
  });
}

/** Reduce chroma, at constant lightness and hue, where a colour is outside sRGB. */
function intoGamut(lab: Triple, constants: OklabConstants): Triple {
  const within = (share: number): boolean =>
    toLinear([lab[0], lab[1] * share, lab[2] * share], constants).every((v) => Math.abs(v - 0.5) <= 0.5 + TOLERANCE);
  if (within(1)) return lab;
  let inner = 0;
  let outer = 1;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (inner + outer) / 2;
    if (within(middle)) inner = middle;
    else outer = middle;
  }
  return [lab[0], lab[1] * inner, lab[2] * inner];
}

function toLinear(lab: Triple, { fromCones, fromOpponents }: OklabConstants): Triple {
  return times(fromCones, mapped(times(fromOpponents, lab), (v) => v * v * v));
}

function times(matrix: Matrix, [x, y, z]: Triple): Triple {
  const row = (i: number): number => matrix[i]![0]! * x + matrix[i]![1]! * y + matrix[i]![2]! * z;
  return [row(0), row(1), row(2)];
}

function mapped([x, y, z]: Triple, f: (value: number) => number): Triple {
  return [f(x), f(y), f(z)];
}

function clip(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
