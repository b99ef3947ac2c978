/** The height and width of a picture in pixels. */
export interface Shape {
  readonly height: number;
  readonly width: number;
}

/** A picture as planes: 3×H×W numbers, red, then green, then blue, sRGB-encoded, 0..1; perhaps with opacity, H×W. */
export interface Picture extends Shape {
  readonly data: Float32Array;
  readonly alpha?: Float32Array | undefined;
}

/** Pixels as the canvas has them: RGBA, four bytes each. */
export interface Pixels extends Shape {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** Return the shape of the same aspect with the longest side `longest`; no side is below 1. */
export function fit(shape: Shape, longest: number): Shape {
  const scale = longest / Math.max(shape.height, shape.width);
  const side = (pixels: number): number => Math.max(1, roundHalfEven(pixels * scale));
  return { height: side(shape.height), width: side(shape.width) };
}

/** Round to the nearest whole number, halves to the even one, as Python does. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Return the picture of RGBA pixels, with opacity where some are not opaque. */
export function fromPixels(pixels: Pixels): Picture {
  const size = pixels.height * pixels.width;
  const data = new Float32Array(3 * size);
  const alpha = new Float32Array(size);
  let opaque = true;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) data[c * size + i] = pixels.data[4 * i + c]! / 255;
    alpha[i] = pixels.data[4 * i + 3]! / 255;
    opaque &&= alpha[i] === 1;
  }
  const shape = { height: pixels.height, width: pixels.width };
  return opaque ? { ...shape, data } : { ...shape, data, alpha };
}

/** Return RGBA pixels, values clipped to 0..1 and rounded. */
export function toPixels(picture: Picture): Pixels {
  const size = picture.height * picture.width;
  const data = new Uint8ClampedArray(4 * size); // assignment rounds and clips
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) data[4 * i + c] = 255 * picture.data[c * size + i]!;
    data[4 * i + 3] = picture.alpha === undefined ? 255 : 255 * picture.alpha[i]!;
  }
  return { height: picture.height, width: picture.width, data };
}
