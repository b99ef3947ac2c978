import { fit, type Picture } from "../picture/picture";
import { scaled } from "../picture/scaled";
import type { PainterConstants } from "./constants";
import { numbers, type Models } from "./models";
import { mean, measure } from "./objective";

const STRENGTH_BETWEEN = 0.5; // the strength from which the predictor's way is extended

/** Return a photo painted in one pass of the feed-forward painter, at the longest side `size`. */
export async function onePass(
  models: Models,
  photo: Picture,
  paintings: readonly Picture[],
  size: number,
  settings: { readonly strength: number; readonly styleScale: number },
): Promise<Picture | undefined> {
  const constants = models.constants.painter;
  if (constants === null) return undefined;
  const shape = fit(photo, size);
  if (Math.min(shape.height, shape.width) < constants.multiple) return undefined;
  const longest = Math.min(Math.max(Math.round(size * settings.styleScale), 1), constants.measuredAt);
  const statistics = await ofPaintings(models, constants, paintings, longest);
  const style = await predict(models, constants, statistics, settings.strength);
  const { image, noise, height, width } = framed(scaled(photo, shape), constants);
  const session = await models.painter();
  const found = await session.run({
    image: models.tensor(image, [1, 3, height, width]),
    noise: models.tensor(noise, [1, 1, height, width]),
    style: models.tensor(style, [style.length]),
  });
  return cropped(numbers(found["picture"]), width, height, constants.frame, shape);
}

async function ofPaintings(
  models: Models,
  constants: PainterConstants,
  paintings: readonly Picture[],
  longest: number,
): Promise<Float32Array> {
  const session = await models.paintedFrom();
  const measured: Awaited<ReturnType<typeof measure>>[] = [];
  for (const painting of paintings) {
    measured.push(await measure(models, session, scaled(painting, fit(painting, longest))));
  }
  const parts = constants.layers.map((layer) => {
    const tensor = mean(models, measured, `moments/${layer}`);
    return meansAndDeviations(numbers(tensor), tensor.dims[1]!, constants);
  });
  return Float32Array.from(parts.flat());
}

/** Return the means and standard deviations of C channels, from their second moments (C×C) and means (C). */
function meansAndDeviations(statistic: Float32Array, channels: number, { floor, tiny }: PainterConstants): number[] {
  const squares = Array.from({ length: channels }, (_, c) => statistic[c * channels + c]!);
  const means = Array.from(statistic.subarray(channels * channels));
  const least = (floor * squares.reduce((a, b) => a + b, 0)) / channels + tiny;
  return [...means, ...squares.map((square, c) => Math.sqrt(Math.max(square - means[c]! ** 2, 0) + least))];
}

async function predict(
  models: Models,
  { extension }: PainterConstants,
  statistics: Float32Array,
  strength: number,
): Promise<Float32Array> {
  const session = await models.predictor();
  const at = async (value: number): Promise<Float32Array> => {
    const found = await session.run({
      statistics: models.tensor(statistics, [statistics.length]),
      strength: models.tensor(Float32Array.of(value), [1]),
    });
    return numbers(found["style"]).slice();
  };
  const middle = await at(STRENGTH_BETWEEN);
  if (strength === STRENGTH_BETWEEN) return middle;
  const there = await at(strength);
  return middle.map((value, i) => value + extension * (there[i]! - value));
}

/** Return the photo with its edge repeated, to sides that are divisible, and the noise of each position. */
function framed(
  photo: Picture,
  constants: PainterConstants,
): { image: Float32Array; noise: Float32Array; height: number; width: number } {
  const { frame, multiple } = constants;
  const side = (pixels: number): number => Math.ceil(pixels / multiple) * multiple + 2 * frame;
  const height = side(photo.height);
  const width = side(photo.width);
  const image = new Float32Array(3 * height * width);
  const noise = new Float32Array(height * width);
  const size = photo.height * photo.width;
  for (let y = 0; y < height; y++) {
    const from = Math.min(Math.max(y - frame, 0), photo.height - 1) * photo.width;
    for (let x = 0; x < width; x++) {
      const source = from + Math.min(Math.max(x - frame, 0), photo.width - 1);
      const place = y * width + x;
      noise[place] = noiseAt(y - frame, x - frame, constants);
      for (let c = 0; c < 3; c++) image[c * height * width + place] = photo.data[c * size + source]!;
    }
  }
  return { image, noise, height, width };
}

/** Return the noise of a position, uniform in −0.5..0.5: an integer hash of 32 bits. */
function noiseAt(row: number, column: number, { noise }: PainterConstants): number {
  let bits = (Math.imul(row, noise.row) + Math.imul(column, noise.column)) >>> 0;
  for (const [shift, factor] of noise.rounds) bits = Math.imul(bits ^ (bits >>> shift), factor) >>> 0;
  bits = (bits ^ (bits >>> noise.last)) >>> 0;
  return bits / 2 ** 32 - 0.5;
}

function cropped(
  planes: Float32Array,
  width: number,
  height: number,
  frame: number,
  shape: { readonly height: number; readonly width: number },
): Picture {
  const size = shape.height * shape.width;
  const data = new Float32Array(3 * size);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < shape.height; y++) {
      const begin = c * height * width + (y + frame) * width + frame;
      data.set(planes.subarray(begin, begin + shape.width), c * size + y * shape.width);
    }
  }
  return { height: shape.height, width: shape.width, data };
}
