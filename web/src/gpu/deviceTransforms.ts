import type { Basis } from "../optim/dct";
import type { Transforms } from "../optim/space";
import { groups, type DeviceSpace, type DeviceVector } from "./deviceSpace";
import { TILE } from "./shaders";

const COLOURS = 3;

interface Axis {
  readonly count: number;
  readonly size: number;
  readonly rows: DeviceVector;
  readonly columns: DeviceVector;
}

/** The preconditioner's transforms on a graphics processor: products of matrices. */
export class DeviceTransforms implements Transforms<DeviceVector> {
  private readonly down: Axis;
  private readonly across: Axis;
  private excess: DeviceVector | undefined;

  constructor(
    private readonly space: DeviceSpace,
    down: Basis,
    across: Basis,
    private readonly opponents: readonly (readonly number[])[],
  ) {
    const placed = ({ count, size, rows, columns }: Basis): Axis => {
      return { count, size, rows: space.take(rows), columns: space.take(columns) };
    };
    this.down = placed(down);
    this.across = placed(across);
  }

  /** Its own vectors, which stay. */
  get vectors(): DeviceVector[] {
    const axes = [this.down, this.across].flatMap(({ rows, columns }) => [rows, columns]);
    return this.excess ? [...axes, this.excess] : axes;
  }

  setExcess(excess: Float32Array): void {
    this.excess = this.space.take(excess);
  }

  dct(vector: DeviceVector): DeviceVector {
    const { space, down, across } = this;
    const partial = space.allocate(COLOURS * down.count * across.size);
    this.product(down.rows, vector, partial, [down.count, down.size, across.size], { b: down.size * across.size });
    const rgb = space.allocate(COLOURS * down.count * across.count);
    this.product(partial, across.columns, rgb, [down.count, across.size, across.count], { a: down.count * across.size });
    return this.mixed(rgb, (out, c) => this.opponents[out]![c]!);
  }

  applyExcessGain(coefficients: DeviceVector): DeviceVector {
    return this.space.multiply(coefficients, this.excess!);
  }

  addInverseDct(vector: DeviceVector, coefficients: DeviceVector): DeviceVector {
    const { space, down, across } = this;
    const rgb = this.mixed(coefficients, (out, c) => this.opponents[c]![out]!);
    const partial = space.allocate(COLOURS * down.count * across.size);
    this.product(rgb, across.rows, partial, [down.count, across.count, across.size], { a: down.count * across.count });
    const total = space.combine([vector], [1]);
    const shape = [down.size, down.count, across.size] as const;
    this.product(down.columns, partial, total, shape, { b: down.count * across.size, accumulate: true });
    return total;
  }

  /** Multiply a (rows×inner) and b (inner×columns) for each colour. `a`, `b`: numbers of one, 0 where all have the same. */
  private product(
    left: DeviceVector,
    right: DeviceVector,
    total: DeviceVector,
    [rows, inner, columns]: readonly [number, number, number],
    { a = 0, b = 0, accumulate = false }: { readonly a?: number; readonly b?: number; readonly accumulate?: boolean },
  ): void {
    const whole = [rows, inner, columns, accumulate ? 1 : 0, a, b];
    const tiles = [Math.ceil(columns / TILE), Math.ceil(rows / TILE), COLOURS] as const;
    this.space.kernels.run("product", { whole }, [left.buffer, right.buffer, total.buffer], tiles);
  }

  private mixed(planes: DeviceVector, weight: (out: number, from: number) => number): DeviceVector {
    const total = this.space.allocate(planes.length);
    const count = planes.length / COLOURS;
    const real = [0, 1, 2].flatMap((out) => [weight(out, 0), weight(out, 1), weight(out, 2), 0]);
    // A vec3u begins at a multiple of 16 bytes: the numbers follow after eight whole ones.
    const whole = [count, 0, 0, 0, 0, 0, 0, 0];
    this.space.kernels.run("mix", { whole, real }, [planes.buffer, total.buffer], groups(count));
    return total;
  }
}
