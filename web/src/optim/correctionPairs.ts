import type { OptimiserConstants } from "../engine/constants";
import type { Preconditioner } from "./preconditioner";
import type { Space } from "./space";
import { solveUpper, solveUpperTransposed } from "./triangular";

/** A search direction, and its inner product with the gradient. */
export interface Direction<V> {
  readonly vector: V;
  readonly slope: number;
}

/** A step s and its gradient difference y; `coefficients` are the DCT coefficients of y. */
interface Pair<V> {
  readonly s: V;
  readonly y: V;
  readonly coefficients: V;
}

/** Inner products of the stored vectors: `steps` s_i·y_j for i ≤ j, `differences` y_i·Py_j. */
interface Products {
  steps: number[][];
  differences: number[][];
}

/**
 * The correction pairs of L-BFGS and the direction made of them, in the compact representation of Byrd, Nocedal &
 * Schnabel 1994 (Theorem 2.2), with H₀ = γ P, as `nst_onnx/optim/correction_pairs.py`.
 */
export class CorrectionPairs<V> {
  private pairs: Pair<V>[] = []; // oldest first
  private products: Products = { steps: [], differences: [] };
  private gradient: V | undefined;
  private coefficients: V | undefined; // of the gradient

  constructor(
    private readonly space: Space<V>,
    private readonly preconditioner: Preconditioner<V>,
    private readonly constants: OptimiserConstants,
    private readonly history: number,
  ) {}

  get length(): number {
    return this.pairs.length;
  }

  /** Whether a gradient has been set. */
  get hasGradient(): boolean {
    return this.gradient !== undefined;
  }

  /** Discard all pairs. */
  reset(): void {
    this.pairs = [];
    this.products = { steps: [], differences: [] };
  }

  /** All vectors that are still needed. */
  *vectors(): Generator<V> {
    for (const { s, y, coefficients } of this.pairs) yield* [s, y, coefficients];
    if (this.gradient !== undefined) yield this.gradient;
    if (this.coefficients !== undefined) yield this.coefficients;
  }

  /** Set the gradient at the next iterate, and store the pair of the `step` to it. Return whether it was stored. */
  async update(gradient: V, step: V | undefined): Promise<boolean> {
    const [previous, before] = [this.gradient, this.coefficients];
    this.gradient = gradient;
    this.coefficients = this.preconditioner.dct(gradient);
    if (step === undefined || previous === undefined || before === undefined) return false;
    const difference = (a: V, b: V): V => this.space.combine([a, b], [1, -1]);
    return this.store({ s: step, y: difference(gradient, previous), coefficients: difference(this.coefficients, before) });
  }

  /** Return −P g. */
  steepestDescent(): Promise<Direction<V>> {
    return this.direction([], [], -1);
  }

  /** Return −H g. */
  async quasiNewton(): Promise<Direction<V>> {
    const { steps, differences } = this.products;
    const { pairs } = this;
    const gradient = this.gradient!;
    const weighted = this.preconditioner.applyExcessGain(this.coefficients!);
    const products = await this.space.dots([
      ...pairs.map(({ s }) => [s, gradient] as const),
      ...pairs.map(({ y }) => [y, gradient] as const),
      ...pairs.map(({ coefficients }) => [coefficients, weighted] as const),
    ]);
    const count = pairs.length;
    const sg = products.slice(0, count);
    const yg = pairs.map((_, i) => products[count + i]! + products[2 * count + i]!);
    const gamma = this.scaling();
    const back = solveUpper(steps, sg);
    const rest = back.map((value, i) => {
      const product = differences[i]!.reduce((sum, entry, j) => sum + entry * back[j]!, 0);
      return steps[i]![i]! * value - gamma * (yg[i]! - product);
    });
    const forth = solveUpperTransposed(steps, rest);
    return this.direction(
      forth.map((value) => -value),
      back.map((value) => gamma * value),
      -gamma,
    );
  }

  /** Return s·y / y·Py of the newest pair. */
  newestQuotient(): number {
    const { steps, differences } = this.products;
    const newest = this.pairs.length - 1;
    return steps[newest]![newest]! / differences[newest]![newest]!;
  }

  /** Return γ: a factor times the geometric mean of s·y / y·Py; it grows over the first pairs. */
  private scaling(): number {
    const { steps, differences } = this.products;
    const logs = steps.map((row, i) => Math.log(row[i]! / differences[i]![i]!));
    return Math.min(logs.length, this.constants.scalingFactor) * Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
  }

  /** Return Σ aᵢ sᵢ + P (Σ bᵢ yᵢ + c g). */
  private async direction(
    ofSteps: readonly number[],
    ofDifferences: readonly number[],
    ofGradient: number,
  ): Promise<Direction<V>> {
    const gradient = this.gradient!;
    const vectors = [gradient, ...this.pairs.flatMap((pair) => [pair.s, pair.y])];
    const weights = [ofGradient, ...ofSteps.flatMap((weight, i) => [weight, ofDifferences[i]!])];
    const total = this.space.combine(vectors.slice(0, weights.length), weights);
    const waves = [this.coefficients!, ...this.pairs.map((pair) => pair.coefficients)];
    const lows = [ofGradient, ...ofDifferences];
    const low = this.space.combine(waves.slice(0, lows.length), lows);
    const vector = this.preconditioner.addInverseDct(total, this.preconditioner.applyExcessGain(low));
    const [slope] = await this.space.dots([[vector, gradient]]);
    return { vector, slope: slope! };
  }

  private async store(pair: Pair<V>): Promise<boolean> {
    const { s, y } = pair;
    const [product, ofStep, ofChange] = await this.space.dots([[s, y], [s, s], [y, y]]);
    const squares = [ofStep!, ofChange!] as const;
    if (!(product! > this.constants.minCosine * Math.sqrt(squares[0] * squares[1]))) return false;
    if (this.pairs.length === this.history) this.dropOldest();
    this.pairs.push(pair);
    const due = this.preconditioner.estimating &&
      (await this.preconditioner.addPair(this.preconditioner.dct(s), pair.coefficients, squares));
    const newest = this.pairs.length - 1;
    this.products.steps.push(new Array<number>(newest + 1).fill(0));
    const column = await this.space.dots(this.pairs.map((other) => [other.s, y]));
    column.forEach((value, i) => (this.products.steps[i]![newest] = value));
    this.products.differences.push([]);
    if (due) this.preconditioner.updateGain();
    for (let row = due ? 0 : newest; row <= newest; row++) await this.addDifferences(row);
    return true;
  }

  private dropOldest(): void {
    this.pairs.shift();
    const without = (matrix: number[][]): number[][] => matrix.slice(1).map((row) => row.slice(1));
    this.products = { steps: without(this.products.steps), differences: without(this.products.differences) };
  }

  /** Compute y·Py of a pair with all. */
  private async addDifferences(row: number): Promise<void> {
    const { differences } = this.products;
    const { pairs } = this;
    const { y, coefficients } = pairs[row]!;
    const weighted = this.preconditioner.applyExcessGain(coefficients);
    const found = await this.space.dots([
      ...pairs.map((other) => [other.y, y] as const),
      ...pairs.map((other) => [other.coefficients, weighted] as const),
    ]);
    pairs.forEach((_, i) => {
      const product = found[i]! + found[pairs.length + i]!;
      differences[row]![i] = product;
      differences[i]![row] = product;
    });
  }
}
