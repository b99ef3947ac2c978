import type { InferenceSession, Tensor } from "onnxruntime-web";
import { fit, type Picture, type Shape } from "../picture/picture";
import { resize } from "../picture/resize";
import type { TermConstants } from "./constants";
import { numbers, type Models } from "./models";

/** What a user chooses about the losses. `strength`: 0..1. `styleScale`: longest side relative to the photo's. */
export interface LossSettings {
  readonly strength: number;
  readonly styleScale: number;
}

/** Losses of each term, in the order of the constants' terms, their sum, and the gradient by the picture. */
export interface Evaluation {
  readonly losses: Float32Array;
  readonly total: number;
  readonly gradient: Float32Array;
}

type Measured = Readonly<Record<string, Tensor>>;

/** The weighted losses of a picture of one size and their gradient, for one photo and its paintings. */
export class Objective {
  private constructor(
    private readonly models: Models,
    private readonly session: InferenceSession,
    private readonly feeds: Readonly<Record<string, Tensor>>,
    /** The photo at the objective's size. */
    readonly content: Picture,
    /** The factor on each term's distance. */
    readonly coefficients: Float32Array,
  ) {}

  /** Measure the targets at a size. */
  static async at(
    models: Models,
    photo: Picture,
    paintings: readonly Picture[],
    shape: Shape,
    settings: LossSettings,
  ): Promise<Objective> {
    const { terms } = models.constants;
    const content = resize(photo, shape);
    const statistics = await models.statistics();
    const ofContent = await measure(models, statistics, content);
    const longest = Math.max(1, Math.round(Math.max(shape.height, shape.width) * settings.styleScale));
    const ofStyles: Measured[] = [];
    for (const painting of paintings) {
      ofStyles.push(await measure(models, statistics, resize(painting, fit(painting, longest))));
    }
    const feeds: Record<string, Tensor> = {};
    const coefficients = terms.map((term) => {
      const target = term.target === "content" ? ofContent[term.name]! : mean(models, ofStyles, term.name);
      feeds[`target/${term.name}`] = target;
      return coefficient(term, numbers(target), numbers(ofContent[`shape/${term.source}`]), shape, models, settings);
    });
    const factors = Float32Array.from(coefficients);
    feeds["coefficients"] = models.tensor(factors, [factors.length]);
    return new Objective(models, await models.objective(), feeds, content, factors);
  }

  /** Evaluate a picture, 3×H×W in 0..1. */
  async evaluate(picture: Float32Array): Promise<Evaluation> {
    const { height, width } = this.content;
    const found = await this.session.run({ ...this.feeds, picture: this.models.tensor(picture, [1, 3, height, width]) });
    const losses = numbers(found["losses"]).slice();
    const gradient = numbers(found["gradient"]).slice();
    for (const tensor of Object.values(found)) tensor.dispose();
    return { losses, total: losses.reduce((a, b) => a + b, 0), gradient };
  }
}

/** Return what the losses compare, of a picture: {term: map or statistic} and {shape/source: its shape}. */
export async function measure(models: Models, session: InferenceSession, picture: Picture): Promise<Measured> {
  try {
    return await session.run({ picture: models.tensor(picture.data, [1, 3, picture.height, picture.width]) });
  } catch (error) {
    if (Math.min(picture.height, picture.width) < 32) {
      throw new Error("A picture is too narrow to be painted: choose a larger size, or one less narrow.", { cause: error });
    }
    throw error;
  }
}

/** Return the mean of several paintings' statistics. */
export function mean(models: Models, measured: readonly Measured[], name: string): Tensor {
  const first = measured[0]![name]!;
  const sum = new Float32Array(first.size);
  for (const one of measured) numbers(one[name]).forEach((value, i) => (sum[i]! += value / measured.length));
  return models.tensor(sum, first.dims);
}

/** Return weight × factor of a term, at the layer's size. `layer`: 1, C, h, w of its features. */
function coefficient(
  term: TermConstants,
  target: Float32Array,
  layer: Float32Array,
  picture: Shape,
  models: Models,
  settings: LossSettings,
): number {
  const { scale, energy, pixels, positions, enough } = term.factor;
  const here = layer[2]! * layer[3]!;
  const squares = target.reduce((sum, value) => sum + value * value, 0);
  if (squares <= 1e-12) return 0; // nothing to compare with
  const strength = term.energy === "squares" ? squares ** energy : 1;
  const area = (picture.height * picture.width) ** pixels;
  const bound = enough > 0 ? Math.min(1, here / enough) : 1;
  const balance = term.target === "content" ? models.constants.balance[Math.round(100 * settings.strength)]! : 1;
  return balance * term.weight * scale * strength * area * here ** positions * bound;
}
