import { HostSpace } from "../optim/hostSpace";
import type { Space } from "../optim/space";
import type { Vector } from "../optim/vectors";
import type { Shape } from "../picture/picture";
import type { PruningConstants } from "./constants";
import type { Objective } from "./objective";
import { TermPruning } from "./termPruning";

/** Losses of each term and the gradient of their sum. */
export interface Values<V> {
  readonly losses: Float32Array;
  readonly gradient: V;
}

/** An objective as a function of vectors: pictures 3×H×W in grey levels. */
export interface FlatObjective<V> {
  readonly space: Space<V>;
  readonly shape: Shape;
  /** Return the losses of each term at a vector, and the gradient of their sum, a new vector. */
  evaluate(x: V): Promise<Values<V>>;
  /**
   * Choose anew which terms are computed, where that is due after `count` evaluations, the last of which gave `values`
   * at `x`. Return the values of all terms then, undefined where nothing changes.
   */
  prune(count: number, x: V, values: Values<V>): Promise<Values<V> | undefined>;
  /** Release targets and vectors: none may be used any more. */
  close(): void;
}

/** Vectors in the processor's memory, for an objective that takes pictures from there. */
export class HostObjective implements FlatObjective<Vector> {
  readonly space = new HostSpace();

  private readonly pruning: TermPruning;

  /** @param evaluations how many there will be at most */
  constructor(
    private readonly objective: Objective,
    private readonly greyLevels: number,
    pruning: PruningConstants,
    evaluations: number,
  ) {
    this.pruning = new TermPruning(objective, (...given) => this.evaluate(...given), pruning, evaluations);
  }

  get shape(): Shape {
    return this.objective.content;
  }

  async evaluate(x: Vector, only?: readonly string[]): Promise<Values<Vector>> {
    const { losses, gradient } = await this.objective.evaluate(x.map((value) => value / this.greyLevels), only);
    return { losses, gradient: gradient.map((value) => value / this.greyLevels) };
  }

  async prune(count: number, x: Vector, values: Values<Vector>): Promise<Values<Vector> | undefined> {
    return this.pruning.due(count, values) ? this.pruning.check(count, x, values) : undefined;
  }

  close(): void {
    this.space.close();
  }
}
