import type { PreconditionerConstants } from "../engine/constants";
import { dctBasis, type Basis } from "./dct";
import type { Space, Transforms } from "./space";

const COLOURS = 3;

/** Energies of steps and of gradient differences: in each band of each colour, and above the finest frequency. */
export interface Estimate {
  readonly steps: Float64Array;
  readonly changes: Float64Array;
  readonly rest: readonly [number, number];
  readonly bands: number;
  readonly count: number;
}

/**
 * Diagonal preconditioner in DCT space: P = I + Cᵀ E C, as `nst_onnx/optim/preconditioner.py` documents it.
 *
 * Gains of each octave and opponent colour are estimated from the first correction pairs.
 */
export class Preconditioner<V> {
  private readonly transforms: Transforms<V>;
  private readonly octaves: Float32Array;
  private readonly bands: number;
  private readonly excess: Float32Array;
  private steps: Float64Array;
  private changes: Float64Array;
  private rest: [number, number];
  private count = 0;

  constructor(
    private readonly space: Space<V>,
    height: number,
    width: number,
    private readonly constants: PreconditionerConstants,
  ) {
    const { finest, coarsest, maxCoefficients, exponent, prior } = constants;
    const basis = (size: number): Basis =>
      dctBasis(size, Math.min(Math.ceil(2 * size * finest), maxCoefficients));
    const [down, across] = [basis(height), basis(width)];
    this.transforms = space.transforms(down, across, constants.opponents);
    this.octaves = new Float32Array(down.count * across.count);
    for (let k = 0; k < down.count; k++) {
      for (let l = 0; l < across.count; l++) {
        const frequency = Math.hypot(k / (2 * height), l / (2 * width));
        this.octaves[k * across.count + l] = Math.log2(Math.max(frequency, coarsest) / coarsest);
      }
    }
    this.bands = Math.ceil(this.octaves.reduce((a, b) => Math.max(a, b), 0)) + 1;
    this.excess = new Float32Array(COLOURS * this.octaves.length);
    const start = (band: number): number => Math.max(finest / coarsest / 2 ** band, 1) ** exponent;
    const energies = (value: (band: number) => number): Float64Array =>
      Float64Array.from({ length: COLOURS * this.bands }, (_, i) => prior * value(i % this.bands));
    this.steps = energies(start);
    this.changes = energies((band) => 1 / start(band));
    this.rest = [prior, prior];
    this.updateGain();
  }

  /** Whether gains are still being estimated. */
  get estimating(): boolean {
    return this.count < this.constants.updates.at(-1)!;
  }

  /** Return C v: the lowest DCT coefficients of the opponent colours. */
  dct(vector: V): V {
    return this.transforms.dct(vector);
  }

  /** Return E w: each coefficient times its gain − 1. */
  applyExcessGain(coefficients: V): V {
    return this.transforms.applyExcessGain(coefficients);
  }

  /** Return v + Cᵀ w, a new vector. */
  addInverseDct(vector: V, coefficients: V): V {
    return this.transforms.addInverseDct(vector, coefficients);
  }

  /**
   * Add a pair to the estimate: the coefficients of s and y, and s·s and y·y of the vectors themselves.
   *
   * Return whether `updateGain` is due.
   */
  async addPair(s: V, y: V, squares: readonly [number, number]): Promise<boolean> {
    const [ofStep, ofChange] = [await this.space.host(s), await this.space.host(y)];
    this.rest = [
      this.rest[0] + this.addEnergy(this.steps, ofStep, squares[0]),
      this.rest[1] + this.addEnergy(this.changes, ofChange, squares[1]),
    ];
    this.count += 1;
    return this.constants.updates.includes(this.count);
  }

  /** Set the gains to their estimate. */
  updateGain(): void {
    const rest = Math.log(this.rest[0] / this.rest[1]);
    const each = this.octaves.length;
    for (let c = 0; c < COLOURS; c++) {
      for (let i = 0; i < each; i++) {
        const low = Math.min(Math.floor(this.octaves[i]!), this.bands - 1);
        const share = this.octaves[i]! - low;
        const next = Math.min(low + 1, this.bands - 1);
        const logarithm = (1 - share) * this.ratio(c, low, rest) + share * this.ratio(c, next, rest);
        this.excess[c * each + i] = Math.exp(logarithm / 2) - 1;
      }
    }
    this.transforms.setExcess(this.excess);
  }

  /** Return what a preconditioner of another size can start from. */
  estimate(): Estimate {
    return { steps: this.steps, changes: this.changes, rest: this.rest, bands: this.bands, count: this.count };
  }

  /** Start from the estimate of another size, if it had enough pairs for an update. */
  warmStart(other: Estimate): void {
    const first = this.constants.updates[0]!;
    if (other.count < first) return;
    const shared = Math.min(this.bands, other.bands);
    for (let c = 0; c < COLOURS; c++) {
      for (let band = 0; band < shared; band++) {
        this.steps[c * this.bands + band] = other.steps[c * other.bands + band]!;
        this.changes[c * this.bands + band] = other.changes[c * other.bands + band]!;
      }
    }
    this.rest = [other.rest[0], other.rest[1]];
    this.count = first;
    this.updateGain();
  }

  private ratio(colour: number, band: number, rest: number): number {
    const place = colour * this.bands + band;
    return Math.log(this.steps[place]!) - Math.log(this.changes[place]!) - rest;
  }

  /** Add the energy of coefficients in each band, relative to `square`; return the share of higher frequencies. */
  private addEnergy(energies: Float64Array, coefficients: Float32Array, square: number): number {
    const each = this.octaves.length;
    let sum = 0;
    coefficients.forEach((value, i) => {
      const octave = this.octaves[i % each]!;
      const low = Math.min(Math.floor(octave), this.bands - 1);
      const energy = (value * value) / square;
      const place = Math.floor(i / each) * this.bands + low;
      energies[place]! += (1 - (octave - low)) * energy;
      if (low + 1 < this.bands) energies[place + 1]! += (octave - low) * energy;
      sum += energy;
    });
    return Math.max(1 - sum, 0);
  }
}
