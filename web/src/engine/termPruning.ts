import { dot, type Vector } from "../optim/vectors";
import type { PruningConstants } from "./constants";
import type { Objective } from "./objective";

/** Losses of each term and gradient of their sum. */
interface Values {
  readonly losses: Float32Array;
  readonly gradient: Vector;
}

/** Evaluates a vector; `only`: all other terms are zero. */
type Evaluate = (x: Vector, only?: readonly string[]) => Promise<Values>;

/**
 * Decides which negligible style terms to skip for the next evaluations: `nst_onnx/painting/term_pruning.py`, which
 * says why.
 */
export class TermPruning {
  private next: number;
  private small = 0; // the length of the pruned gradient
  private readonly needed = new Set<string>();

  /** @param evaluations how many there will be at most */
  constructor(
    private readonly objective: Objective,
    private readonly evaluate: Evaluate,
    private readonly constants: PruningConstants,
    private readonly evaluations: number,
  ) {
    this.next = constants.first;
  }

  /** Return whether to `check`, after `count` evaluations, the last of which gave these. */
  due(count: number, { losses, gradient }: Values): boolean {
    if (this.objective.prunable.length === 0 || count + this.constants.fewest > this.evaluations) return false;
    if (count >= this.next) return true;
    const { pruned } = this.objective;
    if (pruned.length === 0) return false;
    const loss = this.byName(losses);
    if (sum(pruned.map((name) => loss(name))) > this.constants.loss * sum([...losses])) return true;
    return this.small > this.constants.gradient * length(gradient);
  }

  /** Choose the terms to prune, and return losses and gradient of all terms at `x`, where these were found. */
  async check(count: number, x: Vector, { losses, gradient }: Values): Promise<Values> {
    const before = this.objective.pruned;
    let found: Values = { losses, gradient };
    if (before.length > 0) {
      await this.objective.prune(0, losses);
      found = await this.evaluate(x);
    }
    let layers = this.negligibleLayers(found.losses);
    this.small = 0;
    while (layers > 0) {
      const names = this.objective.prunable.slice(0, layers).flat();
      this.small = length((await this.evaluate(x, names)).gradient);
      if (this.small <= this.constants.gradient * length(found.gradient)) break;
      layers -= 1;
    }
    const kept = this.objective.prunable.slice(0, layers).flat();
    for (const name of before) if (!kept.includes(name)) this.needed.add(name);
    await this.objective.prune(layers, found.losses);
    this.next = count + this.constants.again;
    return found;
  }

  /** Return how many of the deepest layers have terms that are negligible together. */
  private negligibleLayers(losses: Float32Array): number {
    const loss = this.byName(losses);
    let most = this.constants.loss * sum([...losses]);
    for (const [i, names] of this.objective.prunable.entries()) {
      most -= sum(names.map((name) => loss(name)));
      if (names.some((name) => this.needed.has(name)) || !(most >= 0)) return i;
    }
    return this.objective.prunable.length;
  }

  private byName(losses: Float32Array): (name: string) => number {
    const { names } = this.objective;
    return (name) => losses[names.indexOf(name)] ?? 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function length(vector: Vector): number {
  return Math.sqrt(dot(vector, vector));
}
