import type { OptimiserConstants } from "../engine/constants";
import { CorrectionPairs, type Direction } from "./correctionPairs";
import type { Preconditioner } from "./preconditioner";
import { rootMeanSquare, type Space } from "./space";

const TINY = 1e-30;

/**
 * L-BFGS with a preconditioner and a non-monotone backtracking line search: one evaluation a step wherever the full
 * step passes the sufficient-decrease test. The method and its sources: `nst_onnx/optim/lbfgs.py`.
 */
export class LBFGS<V> {
  private readonly pairs: CorrectionPairs<V>;
  private base: V;
  private loss = Infinity;
  private recent: number[] = [];
  private direction: Direction<V>;
  private step = 0;
  private shortened = 0;
  private blind = 0; // steps since the last correction pair
  /** s·y / y·Py of the first correction pair; 0 before. */
  firstQuotient = 0;

  /**
   * @param evaluations how many there will be at most: no more pairs are stored.
   * @param firstScaling times −P gradient, of the first step; 0 where it is unknown.
   */
  constructor(
    private readonly space: Space<V>,
    public x: V,
    readonly preconditioner: Preconditioner<V>,
    private readonly constants: OptimiserConstants,
    evaluations: number,
    private readonly firstScaling = 0,
  ) {
    this.pairs = new CorrectionPairs(space, preconditioner, constants, Math.min(constants.history, evaluations));
    this.base = x;
    this.direction = { vector: x, slope: 0 };
  }

  /** Receive the loss and gradient at `x`, and set the next `x`. */
  async tell(loss: number, gradient: V): Promise<void> {
    const started = this.pairs.hasGradient;
    if (started && !this.sufficientDecrease(loss)) {
      await this.shorten(loss, gradient);
      return;
    }
    const step = started ? this.space.combine([this.x, this.base], [1, -1]) : undefined;
    if (await this.pairs.update(gradient, step)) {
      this.blind = 0;
      this.firstQuotient ||= this.pairs.newestQuotient();
    }
    this.base = this.x;
    this.loss = loss;
    this.recent = [...this.recent, loss].slice(-this.constants.lookback);
    this.shortened = 0;
    await this.nextStep();
  }

  /** Skip the sufficient-decrease test for the next value, because the objective has changed. */
  acceptNext(): void {
    this.recent = [];
  }

  /** All vectors that are still needed. */
  *vectors(): Generator<V> {
    yield* [this.x, this.base, this.direction.vector];
    yield* this.pairs.vectors();
  }

  private sufficientDecrease(loss: number): boolean {
    const { armijo, rounding } = this.constants;
    if (this.recent.length === 0) return true;
    const highest = Math.max(...this.recent);
    return loss <= highest + armijo * this.step * this.direction.slope + rounding * Math.abs(this.loss);
  }

  private async shorten(loss: number, gradient: V): Promise<void> {
    this.shortened += 1;
    if (this.shortened > this.constants.maxShortened) {
      this.pairs.reset();
      this.shortened = 0;
      await this.nextStep();
      return;
    }
    const { vector, slope } = this.direction;
    const [endSlope] = await this.space.dots([[gradient, vector]]);
    const best = cubicMinimum(this.step, this.loss, slope, loss, endSlope!);
    this.step = Math.min(Math.max(best, 0.1 * this.step), 0.7 * this.step);
    this.x = this.moved(vector);
  }

  private async nextStep(): Promise<void> {
    const { learningRate, longestStep } = this.constants;
    if (this.pairs.length > 0) {
      this.direction = await this.pairs.quasiNewton();
      if (!(this.direction.slope < 0)) this.pairs.reset();
    }
    if (this.pairs.length > 0) {
      const size = await rootMeanSquare(this.space, this.direction.vector);
      this.step = Math.min(learningRate, longestStep / Math.max(size, TINY));
    } else {
      this.direction = await this.pairs.steepestDescent();
      this.blind += 1;
      const size = await rootMeanSquare(this.space, this.direction.vector);
      const known = this.firstQuotient ? 0 : this.firstScaling * size;
      const length = Math.min((known || learningRate) * 2 ** (this.blind - 1), longestStep);
      this.step = size > 0 ? length / size : 0;
    }
    this.x = this.moved(this.direction.vector);
  }

  private moved(direction: V): V {
    return this.space.combine([this.base, direction], [1, this.step]);
  }
}

/**
 * Return where the cubic through two values and slopes, `step` apart, is least (Nocedal & Wright, eq. 3.59).
 *
 * Half the step where a value is not finite or the cubic has no minimum.
 */
export function cubicMinimum(
  step: number,
  start: number,
  slope: number,
  end: number,
  endSlope: number,
): number {
  const middle = slope + endSlope - (3 * (end - start)) / step;
  const square = middle * middle - slope * endSlope;
  if (!(Number.isFinite(square) && square >= 0)) return 0.5 * step;
  const root = Math.sqrt(square);
  const below = endSlope - slope + 2 * root;
  const best = step - (step * (endSlope + root - middle)) / below;
  return Number.isFinite(best) ? best : 0.5 * step;
}
