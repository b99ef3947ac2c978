import { LBFGS } from "../optim/lbfgs";
import { Preconditioner, type Estimate } from "../optim/preconditioner";
import { add, rootMeanSquare, type Vector } from "../optim/vectors";
import type { Picture } from "../picture/picture";
import type { Constants } from "./constants";
import type { Objective } from "./objective";

/** Minimises an objective from a picture, in grey levels: one pyramid level. */
export class Descent {
  private readonly optimiser: LBFGS;
  private best: Vector;
  private bestLoss = Infinity;
  private earlier: Vector; // the best iterate at the last plateau test
  /** Evaluations so far. */
  count = 0;
  /** The loss of the last evaluation. */
  loss = Infinity;

  constructor(
    private readonly objective: Objective,
    start: Picture,
    private readonly constants: Constants,
    evaluations: number,
    estimate?: Estimate,
  ) {
    const { height, width } = objective.content;
    const preconditioner = new Preconditioner(height, width, constants.preconditioner);
    if (estimate) preconditioner.warmStart(estimate);
    const x = start.data.map((value) => value * constants.preset.greyLevels);
    this.optimiser = new LBFGS(x, preconditioner, constants.optimiser, evaluations);
    this.best = x;
    this.earlier = x;
  }

  /** Evaluate the current iterate, and move to the next. */
  async advance(): Promise<void> {
    const { greyLevels } = this.constants.preset;
    const { x } = this.optimiser;
    const { total, gradient } = await this.objective.evaluate(x.map((value) => value / greyLevels));
    if (!Number.isFinite(total) && this.bestLoss === Infinity) {
      throw new Error("The loss is not a number: choose another size or another painting.");
    }
    this.loss = total;
    if (total < this.bestLoss) {
      this.best = x;
      this.bestLoss = total;
    }
    this.count += 1;
    this.optimiser.tell(total, gradient.map((value) => value / greyLevels));
  }

  /** Whether the best iterate hardly moved since the last test. */
  onPlateau(): boolean {
    const { plateau, minChange } = this.constants.preset;
    if (!minChange || this.count % plateau) return false;
    const still = this.count > plateau && rootMeanSquare(add(this.best, this.earlier, -1)) < minChange;
    this.earlier = this.best;
    return still;
  }

  /** Return the best iterate so far; values are not clipped. */
  picture(): Picture {
    const { height, width } = this.objective.content;
    return { height, width, data: this.best.map((value) => value / this.constants.preset.greyLevels) };
  }

  /** Return what the next finer level starts with, beside the picture. */
  estimate(): Estimate {
    return this.optimiser.preconditioner.estimate();
  }
}
