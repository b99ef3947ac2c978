import type { OptimiserConstants } from "../engine/constants";
import type { Preconditioner } from "./preconditioner";
import { solveUpper, solveUpperTransposed } from "./triangular";
import { add, combine, dot, type Vector } from "./vectors";

/** A search direction, and its inner product with the gradient. */
export interface Direction {
  readonly vector: Vector;
  readonly slope: number;
}

/** A step s and its gradient difference y; `coefficients` are the DCT coefficients of y. */
interface Pair {
  readonly s: Vector;
  readonly y: Vector;
  readonly coefficients: Vector;
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
export class CorrectionPairs {
  private pairs: Pair[] = []; // oldest first
  private products: Products = { steps: [], differences: [] };
  private gradient: Vector | undefined;
  private coefficients: Vector = new Float32Array(0); // of the gradient

  constructor(
    private readonly preconditioner: Preconditioner,
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

  /** Set the gradient at the next iterate, and store the pair of the `step` to it. Return whether it was stored. */
  update(gradient: Vector, step: Vector | undefined): boolean {
    const previous = this.gradient;
    const before = this.coefficients;
    this.gradient = gradient.slice();
    this.coefficients = this.preconditioner.dct(gradient);
    if (step === undefined || previous === undefined) return false;
    return this.store({ s: step, y: add(gradient, previous, -1), coefficients: add(this.coefficients, before, -1) });
  }

  /** Return −P g. */
  steepestDescent(): Direction {
    return this.direction([], [], -1);
  }

  /** Return −H g. */
  quasiNewton(): Direction {
    const { steps, differences } = this.products;
    const gradient = this.gradient!;
    const weighted = this.preconditioner.applyExcessGain(this.coefficients);
    const sg = this.pairs.map((pair) => dot(pair.s, gradient));
    const yg = this.pairs.map((pair) => dot(pair.y, gradient) + dot(pair.coefficients, weighted));
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

  /** Return γ: a factor times the geometric mean of s·y / y·Py. */
  private scaling(): number {
    const { steps, differences } = this.products;
    const logs = steps.map((row, i) => Math.log(row[i]! / differences[i]![i]!));
    return this.constants.scalingFactor * Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length);
  }

  /** Return Σ aᵢ sᵢ + P (Σ bᵢ yᵢ + c g). */
  private direction(ofSteps: readonly number[], ofDifferences: readonly number[], ofGradient: number): Direction {
    const gradient = this.gradient!;
    const vectors = [gradient, ...this.pairs.flatMap((pair) => [pair.s, pair.y])];
    const weights = [ofGradient, ...ofSteps.flatMap((weight, i) => [weight, ofDifferences[i]!])];
    const total = combine(vectors.slice(0, weights.length), weights, gradient.length);
    const waves = [this.coefficients, ...this.pairs.map((pair) => pair.coefficients)];
    const lows = [ofGradient, ...ofDifferences];
    const low = combine(waves.slice(0, lows.length), lows, this.coefficients.length);
    const vector = this.preconditioner.addInverseDct(total, this.preconditioner.applyExcessGain(low));
    return { vector, slope: dot(vector, gradient) };
  }

  private store(pair: Pair): boolean {
    const product = dot(pair.s, pair.y);
    const squares = [dot(pair.s, pair.s), dot(pair.y, pair.y)] as const;
    if (!(product > this.constants.minCosine * Math.sqrt(squares[0] * squares[1]))) return false;
    if (this.pairs.length === this.history) this.dropOldest();
    this.pairs.push(pair);
    const due = this.preconditioner.estimating &&
      this.preconditioner.addPair(this.preconditioner.dct(pair.s), pair.coefficients, squares);
    const newest = this.pairs.length - 1;
    this.products.steps.push(new Array<number>(newest + 1).fill(0));
    this.pairs.forEach((other, i) => (this.products.steps[i]![newest] = dot(other.s, pair.y)));
    this.products.differences.push([]);
    if (due) this.preconditioner.updateGain();
    for (let row = due ? 0 : newest; row <= newest; row++) this.addDifferences(row);
    return true;
  }

  private dropOldest(): void {
    this.pairs.shift();
    const without = (matrix: number[][]): number[][] => matrix.slice(1).map((row) => row.slice(1));
    this.products = { steps: without(this.products.steps), differences: without(this.products.differences) };
  }

  /** Compute y·Py of a pair with all. */
  private addDifferences(row: number): void {
    const { differences } = this.products;
    const { y, coefficients } = this.pairs[row]!;
    const weighted = this.preconditioner.applyExcessGain(coefficients);
    this.pairs.forEach((other, i) => {
      const product = dot(other.y, y) + dot(other.coefficients, weighted);
      differences[row]![i] = product;
      differences[i]![row] = product;
    });
  }
}
