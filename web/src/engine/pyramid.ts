import { fit, type Shape } from "../picture/picture";
import type { PyramidConstants } from "./constants";

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

/** Share steps equally between levels; what is left over goes to the coarsest. */
export function shares(steps: number, levels: number): number[] {
  const each = Math.floor(steps / levels);
  return Array.from({ length: levels }, (_, level) => each + (level < steps - each * levels ? 1 : 0));
}
