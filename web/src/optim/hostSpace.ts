import { addInverse, transform, type Basis } from "./dct";
import type { Space, Transforms } from "./space";
import { add, combine, dot, type Vector } from "./vectors";

const COLOURS = 3;

/** Vectors in the processor's memory. */
export class HostSpace implements Space<Vector> {
  take(values: Float32Array): Vector {
    return values;
  }

  host(vector: Vector): Promise<Float32Array> {
    return Promise.resolve(vector);
  }

  length(vector: Vector): number {
    return vector.length;
  }

  dots(pairs: readonly (readonly [Vector, Vector])[]): Promise<number[]> {
    return Promise.resolve(pairs.map(([a, b]) => dot(a, b)));
  }

  combine(vectors: readonly Vector[], weights: readonly number[]): Vector {
    if (vectors.length === 2 && weights[0] === 1) return add(vectors[0]!, vectors[1]!, weights[1]!);
    return combine(vectors, weights, vectors[0]!.length);
  }

  transforms(down: Basis, across: Basis, opponents: readonly (readonly number[])[]): Transforms<Vector> {
    return new HostTransforms(down, across, opponents);
  }

  keep(): void {
    // What is no longer used, the garbage collector releases.
  }

  close(): void {
    // The same.
  }
}

class HostTransforms implements Transforms<Vector> {
  private readonly size: number; // of one colour's plane, and of its coefficients
  private readonly each: number;
  private excess = new Float32Array(0);

  constructor(
    private readonly down: Basis,
    private readonly across: Basis,
    private readonly opponents: readonly (readonly number[])[],
  ) {
    this.size = down.size * across.size;
    this.each = down.count * across.count;
  }

  setExcess(excess: Float32Array): void {
    this.excess = excess.slice();
  }

  dct(vector: Vector): Vector {
    const { size, down, across } = this;
    const rgb = [0, 1, 2].map((c) => transform(vector.subarray(c * size, (c + 1) * size), down, across));
    return this.mixed(rgb, (out, c) => this.opponents[out]![c]!);
  }

  applyExcessGain(coefficients: Vector): Vector {
    return coefficients.map((value, i) => value * this.excess[i]!);
  }

  addInverseDct(vector: Vector, coefficients: Vector): Vector {
    const { size, each, down, across } = this;
    const planes = [0, 1, 2].map((c) => coefficients.subarray(c * each, (c + 1) * each));
    const rgb = this.mixed(planes, (out, c) => this.opponents[c]![out]!);
    const total = vector.slice();
    for (let c = 0; c < COLOURS; c++) {
      const plane = total.subarray(c * size, (c + 1) * size);
      addInverse(plane, rgb.subarray(c * each, (c + 1) * each), down, across);
    }
    return total;
  }

  private mixed(planes: readonly Vector[], weight: (out: number, from: number) => number): Vector {
    const { each } = this;
    const total = new Float32Array(COLOURS * each);
    for (let out = 0; out < COLOURS; out++) {
      for (let i = 0; i < each; i++) {
        total[out * each + i] =
          weight(out, 0) * planes[0]![i]! + weight(out, 1) * planes[1]![i]! + weight(out, 2) * planes[2]![i]!;
      }
    }
    return total;
  }
}
