import type { InferenceSession, Tensor } from "onnxruntime-web";
import { fit, type Picture, type Shape } from "../picture/picture";
import { scaled } from "../picture/scaled";
import type { Level, LevelConstants, TermConstants } from "./constants";
import { numbers, type Models } from "./models";

/** What a user chooses about the losses. `strength`: 0..1. `styleScale`: longest side relative to the photo's. */
export interface LossSettings {
  readonly strength: number;
  readonly styleScale: number;
}

/** Losses of each term, in the order of the constants' terms, and the gradient of their sum by the picture. */
export interface Evaluation {
  readonly losses: Float32Array;
  readonly gradient: Float32Array;
}

type Measured = Readonly<Record<string, Tensor>>;

/** The weighted losses of a picture of one size and their gradient, for one photo and its paintings. */
export class Objective {
  /** The terms that are not computed at present. */
  pruned: readonly string[] = [];
  private computed: InferenceSession;
  private readonly losses: Float32Array; // the last ones of pruned terms

  private constructor(
    private readonly models: Models,
    /** Computes all terms. */
    readonly session: InferenceSession,
    /** Its inputs beside the picture. */
    readonly feeds: Readonly<Record<string, Tensor>>,
    /** The photo at the objective's size. */
    readonly content: Picture,
    /** The factor on each term's distance. */
    readonly coefficients: Float32Array,
    private readonly level: LevelConstants,
  ) {
    this.computed = session;
    this.losses = new Float32Array(coefficients.length);
  }

  /** Measure the targets at a size. Transparent areas of photo and paintings do not count. */
  static async at(
    models: Models,
    photo: Picture,
    paintings: readonly Picture[],
    shape: Shape,
    settings: LossSettings,
    kind: Level = "usual",
  ): Promise<Objective> {
    const level = models.constants.objectives[kind];
    const masked = [photo, ...paintings].some(({ alpha }) => alpha !== undefined);
    const files = masked ? level.files.masked : level.files.opaque;
    const content = scaled(photo, shape);
    const statistics = await models.objective(files.statistics);
    const measured = (picture: Picture): Promise<Measured> => measure(models, statistics, picture, masked);
    const ofContent = await measured(content);
    const side = Math.max(1, Math.round(Math.max(shape.height, shape.width) * settings.styleScale));
    const ofStyles: Measured[] = [];
    for (const painting of paintings) {
      const own = Math.max(painting.height, painting.width);
      const bound = kind === "fine" ? Math.max(models.constants.fine.enlargedTo, own) : side;
      ofStyles.push(await measured(scaled(painting, fit(painting, Math.min(side, bound)))));
    }
    const feeds: Record<string, Tensor> = masked ? { mask: mask(models, content) } : {};
    const coefficients = level.terms.map((term) => {
      const target = term.target === "content" ? ofContent[term.name]! : mean(models, ofStyles, term.name);
      feeds[`target/${term.name}`] = target;
      return coefficient(term, numbers(target), numbers(ofContent[`shape/${term.source}`]), shape, models, settings);
    });
    const factors = Float32Array.from(coefficients);
    feeds["coefficients"] = models.tensor(factors, [factors.length]);
    const session = await models.objective(files.objective);
    return new Objective(models, session, feeds, content, factors, masked ? { ...level, pruned: [] } : level);
  }

  /** The names of all terms, in the order of the losses. */
  get names(): string[] {
    return this.level.terms.map(({ name }) => name);
  }

  /** The terms that can be pruned, layer by layer, the deepest first. */
  get prunable(): readonly (readonly string[])[] {
    return this.level.pruned.map(({ without }) => without);
  }

  /** Compute all terms but those of the `count` deepest layers from now on. Theirs stay as in `losses`. */
  async prune(count: number, losses: Float32Array): Promise<void> {
    this.computed = count === 0 ? this.session : await this.models.objective(this.level.pruned[count - 1]!.file);
    this.pruned = this.prunable.slice(0, count).flat();
    this.losses.set(losses);
  }

  /** Evaluate a picture, 3×H×W in 0..1. `only`: all other terms are zero. */
  async evaluate(picture: Float32Array, only?: readonly string[]): Promise<Evaluation> {
    const { height, width } = this.content;
    const places = this.names.flatMap((name, i) => (this.pruned.includes(name) ? [] : [i]));
    const factors = places.map((i) => (!only || only.includes(this.names[i]!) ? this.coefficients[i]! : 0));
    const feeds: Record<string, Tensor> = {
      ...this.feeds,
      picture: this.models.tensor(picture, [1, 3, height, width]),
      coefficients: this.models.tensor(Float32Array.from(factors), [factors.length]),
    };
    const given = this.computed.inputNames.map((name) => [name, feeds[name]!] as const);
    const found = await this.computed.run(Object.fromEntries(given));
    const losses = this.losses.slice();
    numbers(found["losses"]).forEach((value, i) => (losses[places[i]!] = value));
    const gradient = numbers(found["gradient"]).slice();
    for (const tensor of Object.values(found)) tensor.dispose();
    return { losses, gradient };
  }
}

/** Return what the losses compare, of a picture: {term: map or statistic} and {shape/source: its shape}. */
export async function measure(
  models: Models,
  session: InferenceSession,
  picture: Picture,
  masked = false,
): Promise<Measured> {
  const feeds = { picture: models.tensor(picture.data, [1, 3, picture.height, picture.width]) };
  try {
    return await session.run(masked ? { ...feeds, mask: mask(models, picture) } : feeds);
  } catch (error) {
    if (Math.min(picture.height, picture.width) < 32) {
      throw new Error("A picture is too narrow to be painted: choose a larger size, or one less narrow.", { cause: error });
    }
    throw error;
  }
}

/** Return the weights of a picture's pixels, 1×1×H×W: its opacity. */
function mask(models: Models, { alpha, height, width }: Picture): Tensor {
  return models.tensor(alpha ?? new Float32Array(height * width).fill(1), [1, 1, height, width]);
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
