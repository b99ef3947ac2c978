import type { Basis } from "../optim/dct";
import type { Space, Transforms } from "../optim/space";
import { DeviceTransforms } from "./deviceTransforms";
import type { Kernels } from "./kernels";
import { COMBINED, PARTIALS, THREADS } from "./shaders";

const MOST_GROUPS = 4096; // beyond, each thread computes several numbers

/** A vector in the memory of a graphics processor. */
export interface DeviceVector {
  readonly buffer: GPUBuffer;
  readonly length: number;
}

/** Vectors in the memory of a graphics processor. What is released is used again for vectors of the same length. */
export class DeviceSpace implements Space<DeviceVector> {
  private readonly used = new Set<DeviceVector>();
  private readonly free = new Map<number, DeviceVector[]>();
  private readonly owned: DeviceTransforms[] = [];

  constructor(readonly kernels: Kernels) {}

  take(values: Float32Array): DeviceVector {
    const vector = this.allocate(values.length);
    this.kernels.write(vector.buffer, values);
    return vector;
  }

  host({ buffer, length }: DeviceVector): Promise<Float32Array> {
    return this.kernels.read(buffer, length);
  }

  length(vector: DeviceVector): number {
    return vector.length;
  }

  async dots(pairs: readonly (readonly [DeviceVector, DeviceVector])[]): Promise<number[]> {
    if (pairs.length === 0) return [];
    const partial = this.allocate(pairs.length * PARTIALS);
    pairs.forEach(([a, b], i) => {
      this.kernels.run("dot", { whole: [a.length, i * PARTIALS] }, [a.buffer, b.buffer, partial.buffer], [PARTIALS]);
    });
    const sums = await this.kernels.read(partial.buffer, partial.length);
    this.release(partial);
    return pairs.map((_, i) => sums.subarray(i * PARTIALS, (i + 1) * PARTIALS).reduce((a, b) => a + b, 0));
  }

  combine(vectors: readonly DeviceVector[], weights: readonly number[]): DeviceVector {
    const total = this.allocate(vectors[0]!.length);
    for (let first = 0; first < vectors.length; first += COMBINED) {
      const part = Array.from({ length: COMBINED }, (_, i) => vectors[first + i] ?? vectors[first]!);
      const factors = part.map((_, i) => (first + i < vectors.length ? weights[first + i]! : 0));
      const whole = [total.length, first > 0 ? 1 : 0];
      const buffers = [...part.map(({ buffer }) => buffer), total.buffer];
      this.kernels.run("combine", { whole, real: factors }, buffers, groups(total.length));
    }
    return total;
  }

  /** Return the product of two vectors, number by number. */
  multiply(a: DeviceVector, b: DeviceVector): DeviceVector {
    const total = this.allocate(a.length);
    this.kernels.run("multiply", { whole: [a.length] }, [a.buffer, b.buffer, total.buffer], groups(a.length));
    return total;
  }

  transforms(down: Basis, across: Basis, opponents: readonly (readonly number[])[]): Transforms<DeviceVector> {
    const found = new DeviceTransforms(this, down, across, opponents);
    this.owned.push(found);
    return found;
  }

  keep(vectors: Iterable<DeviceVector>): void {
    const kept = new Set([...vectors, ...this.owned.flatMap((one) => one.vectors)]);
    for (const vector of this.used) if (!kept.has(vector)) this.release(vector);
  }

  close(): void {
    this.kernels.submit();
    const free = [...this.free.values()].flat();
    for (const { buffer } of [...this.used, ...free]) buffer.destroy();
    this.used.clear();
    this.free.clear();
  }

  /** Return a vector whose numbers are not set yet. */
  allocate(length: number): DeviceVector {
    const vector = this.free.get(length)?.pop() ?? { buffer: this.kernels.buffer(length), length };
    this.used.add(vector);
    return vector;
  }

  private release(vector: DeviceVector): void {
    this.used.delete(vector);
    const list = this.free.get(vector.length) ?? [];
    list.push(vector);
    this.free.set(vector.length, list);
  }
}

/** Return the workgroups for so many numbers. */
export function groups(count: number): [number] {
  return [Math.min(Math.ceil(count / THREADS), MOST_GROUPS)];
}
