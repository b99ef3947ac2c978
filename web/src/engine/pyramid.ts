import { fit, roundHalfEven, type Shape } from "../picture/picture";
import type { FineConstants, PyramidConstants } from "./constants";

/** Return the shapes of the pyramid's levels from coarse to fine, the last being `final`. */
export function shapes(final: Shape, { coarsest, ratio, narrowest, tolerance }: PyramidConstants): Shape[] {
  const levels = [final];
  for (;;) {
    const finest = levels[0]!;
    const longest = Math.max(finest.height, finest.width) / ratio;
    const shortest = Math.min(finest.height, finest.width) / ratio;
    if (!(longest >= coarsest * tolerance && shortest >= narrowest)) return levels;
    levels.unshift(fit(final, Math.round(longest)));
  }
}

/** Whether a level is a fine one: not of a panorama, which would be a few pixels high at `settled`. */
export function isFine({ height, width }: Shape, { settled, larger, narrowest }: FineConstants): boolean {
  const longest = Math.max(height, width);
  return longest > larger * settled && Math.min(height, width) * settled >= narrowest * longest;
}

/** The same where levels above `settled` are fine ones: `nst_onnx/painting/fine_levels.py`. */
export function shapesWithFine(final: Shape, pyramid: PyramidConstants, fine: FineConstants): Shape[] {
  if (!isFine(final, fine)) return shapes(final, pyramid);
  const longest = Math.max(final.height, final.width);
  const count = Math.ceil(Math.log(longest / fine.settled) / Math.log(fine.ratio) - 1e-9);
  const growth = (longest / fine.settled) ** (1 / count);
  const between = Array.from({ length: count - 1 }, (_, i) => fit(final, roundHalfEven(fine.settled * growth ** (i + 1))));
  return [...shapes(fit(final, fine.settled), pyramid), ...between, final];
}

/**
 * Share steps between levels; what is left over goes to the coarsest. Levels below the largest one of up to
 * `settled` pixels count as `coarse`, those above as `fine`: `nst_onnx/painting/pyramid.py`.
 */
export function shares(steps: number, levels: readonly Shape[], constants: PyramidConstants, fine: number): number[] {
  const { settled, coarse, fewest } = constants;
  const least = Math.min(fewest, Math.floor(steps / levels.length));
  const weights = levels.map(({ height, width }, level) => {
    const finer = levels[level + 1];
    if (finer && Math.max(finer.height, finer.width) <= settled) return coarse;
    const longest = Math.max(height, width);
    return longest <= settled ? 1 : fine * (settled / longest) ** 2;
  });
  const spare = steps - least * levels.length;
  const total = weights.reduce((a, b) => a + b, 0);
  const found = weights.map((weight) => least + Math.floor((spare * weight) / total + 1e-9));
  const rest = steps - found.reduce((a, b) => a + b, 0);
  return found.map((count, level) => count + (level < rest ? 1 : 0));
}
