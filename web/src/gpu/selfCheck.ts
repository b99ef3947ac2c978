import type { Backend } from "../engine/backend";
import { Objective } from "../engine/objective";
import type { Picture } from "../picture/picture";

/** How far a graphics processor's numbers are from the processor's: relative differences. */
export interface Differences {
  /** Of the losses of all terms, and of the gradient's vector. */
  readonly losses: number;
  readonly gradient: number;
  /** Of the loss after a few steps of a descent. */
  readonly descent: number;
}

/** Largest differences of a graphics processor that is used. Float32 in another order gives about 1e-5. */
export const TOLERANCES: Differences = { losses: 1e-3, gradient: 1e-3, descent: 1e-2 };

const SHAPE = { height: 48, width: 64 };
const SETTINGS = { strength: 0.5, styleScale: 1 };
const STEPS = 3;

/** Compare two backends: losses and gradient at a picture, and a few steps, which all kernels take part in. */
export async function differences(tested: Backend, reference: Backend): Promise<Differences> {
  const [photo, painting] = [waves(0.11, 0.07), waves(0.9, 0.53)];
  const found: { losses: Float32Array; gradient: Float32Array; final: number }[] = [];
  for (const backend of [tested, reference]) {
    const objective = await Objective.at(backend.models, photo, [painting], SHAPE, SETTINGS);
    const { losses, gradient } = await backend.evaluate(objective, waves(0.2, 0.3));
    const descent = backend.descent(objective, photo, STEPS);
    try {
      for (let step = 0; step < STEPS; step++) await descent.advance();
      found.push({ losses, gradient, final: descent.loss });
    } finally {
      descent.close();
    }
  }
  const [ours, theirs] = [found[0]!, found[1]!];
  return {
    losses: relative(ours.losses, theirs.losses),
    gradient: relative(ours.gradient, theirs.gradient),
    descent: Math.abs(ours.final - theirs.final) / theirs.final,
  };
}

/** Whether differences are within the tolerances; NaN is not. */
export function tolerable(found: Differences): boolean {
  return (Object.keys(TOLERANCES) as (keyof Differences)[]).every((name) => found[name] <= TOLERANCES[name]);
}

/** Return |a − b| / |b|. */
function relative(a: Float32Array, b: Float32Array): number {
  let [difference, size] = [0, 0];
  a.forEach((value, i) => {
    difference += (value - b[i]!) ** 2;
    size += b[i]! ** 2;
  });
  return Math.sqrt(difference / size);
}

/** Return a picture of waves, in another direction for each colour. */
function waves(across: number, down: number): Picture {
  const { height, width } = SHAPE;
  const data = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        data[(c * height + y) * width + x] = 0.5 + 0.45 * Math.sin(across * x * (c + 1) + down * y * (3 - c) + c);
      }
    }
  }
  return { height, width, data };
}
