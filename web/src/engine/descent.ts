import { LBFGS } from "../optim/lbfgs";
import { Preconditioner, type Estimate as Gains } from "../optim/preconditioner";
import { rootMeanSquare } from "../optim/space";
import type { Picture } from "../picture/picture";
import type { Constants } from "./constants";
import type { FlatObjective } from "./flatObjective";

/** What the next finer level starts with, beside the picture. */
export interface Estimate {
  readonly gains: Gains;
  /** s·y / y·Py of the first correction pair, for each number of the picture. */
  readonly firstQuotient: number;
}

/** A level that is being painted, wherever its vectors are. */
export interface AnyDescent {
  /** Evaluations so far. */
  readonly count: number;
  /** The loss of the last evaluation. */
  readonly loss: number;
  /** Evaluate the current iterate, and move to the next. */
  advance(): Promise<void>;
  /** Whether the best iterate hardly moved since the last test. */
  onPlateau(): Promise<boolean>;
  /** Return the best iterate so far; values are not clipped. */
  picture(): Promise<Picture>;
  /** Return what the next finer level starts with, beside the picture. */
  estimate(): Estimate;
  /** Release its vectors: it must not be used any more. */
  close(): void;
}

/** Minimises an objective from a picture: one pyramid level. */
export class Descent<V> implements AnyDescent {
  private readonly optimiser: LBFGS<V>;
  private best: V;
  private bestLoss = Infinity;
  private earlier: V; // the best iterate at the last plateau test
  count = 0;
  loss = Infinity;

  constructor(
    private readonly objective: FlatObjective<V>,
    start: Picture,
    private readonly constants: Constants,
    evaluations: number,
    estimate?: Estimate,
  ) {
    const { space, shape } = objective;
    const preconditioner = new Preconditioner(space, shape.height, shape.width, constants.preconditioner);
    if (estimate) preconditioner.warmStart(estimate.gains);
    const x = space.take(start.data.map((value) => value * constants.preset.greyLevels));
    const scaling = (estimate?.firstQuotient ?? 0) * start.data.length;
    this.optimiser = new LBFGS(space, x, preconditioner, constants.optimiser, evaluations, scaling);
    this.best = x;
    this.earlier = x;
  }

  async advance(): Promise<void> {
    const { x } = this.optimiser;
    let values = await this.objective.evaluate(x);
    let total = sum(values.losses);
    const improved = total < this.bestLoss;
    if (improved) {
      const pruned = await this.objective.prune(this.count, x, values);
      if (pruned !== undefined) {
        this.optimiser.acceptNext();
        values = pruned;
        total = sum(values.losses);
      }
    }
    if (!Number.isFinite(total) && this.bestLoss === Infinity) {
      throw new Error("The loss is not a number: choose another size or another painting.");
    }
    this.loss = total;
    if (improved) {
      this.best = x;
      this.bestLoss = total;
    }
    this.count += 1;
    await this.optimiser.tell(total, values.gradient);
    this.objective.space.keep([this.best, this.earlier, ...this.optimiser.vectors()]);
  }

  async onPlateau(): Promise<boolean> {
    const { plateau, minChange } = this.constants.preset;
    if (!minChange || this.count % plateau) return false;
    const { space } = this.objective;
    const moved = await rootMeanSquare(space, space.combine([this.best, this.earlier], [1, -1]));
    this.earlier = this.best;
    return this.count > plateau && moved < minChange;
  }

  async picture(): Promise<Picture> {
    const { space, shape } = this.objective;
    const { greyLevels } = this.constants.preset;
    const data = (await space.host(this.best)).map((value) => value / greyLevels);
    return { height: shape.height, width: shape.width, data };
  }

  estimate(): Estimate {
    const { preconditioner, firstQuotient } = this.optimiser;
    return { gains: preconditioner.estimate(), firstQuotient: firstQuotient / this.objective.space.length(this.best) };
  }

  close(): void {
    this.objective.close();
  }
}

function sum(losses: Float32Array): number {
  return losses.reduce((a, b) => a + b, 0);
}
