/** The JSON object that `nst-onnx export web` writes: every constant of the method comes from there. */
export interface Constants {
  readonly format: number;
  readonly version: string;
  readonly network: { readonly name: string; readonly licence: string };
  readonly files: {
    readonly weights: string;
    readonly statistics: string;
    readonly objective: string;
    readonly paintedFrom: string;
    readonly predictor: string;
    readonly painter: string;
  };
  readonly preset: {
    readonly name: string;
    readonly steps: number;
    readonly size: number;
    readonly largest: number;
    readonly minChange: number;
    readonly plateau: number;
    readonly greyLevels: number;
  };
  readonly terms: readonly TermConstants[];
  /** Factors on the content weight for strengths of 0, 1, … 100 percent. */
  readonly balance: readonly number[];
  readonly options: { readonly strength: number; readonly styleScale: number };
  readonly qualities: Readonly<Record<string, { readonly steps: number; readonly size: number }>>;
  readonly pyramid: PyramidConstants;
  readonly optimiser: OptimiserConstants;
  readonly preconditioner: PreconditionerConstants;
  readonly oklab: OklabConstants;
  readonly painter: PainterConstants | null;
}

/** A term on features. Its factor: weight × scale · energyᵃ · pixelsᵇ · positionsᶜ · min(1, positions / enough). */
export interface TermConstants {
  readonly name: string;
  readonly source: string;
  readonly target: "content" | "style";
  readonly positionwise: boolean;
  readonly weight: number;
  readonly energy: "squares" | "one";
  readonly factor: {
    readonly scale: number;
    readonly energy: number;
    readonly pixels: number;
    readonly positions: number;
    readonly enough: number;
  };
}

export interface PyramidConstants {
  readonly coarsest: number;
  readonly ratio: number;
  readonly narrowest: number;
  readonly tolerance: number;
}

export interface OptimiserConstants {
  readonly history: number;
  readonly learningRate: number;
  readonly longestStep: number;
  readonly lookback: number;
  readonly armijo: number;
  readonly rounding: number;
  readonly maxShortened: number;
  readonly minCosine: number;
  readonly scalingFactor: number;
}

export interface PreconditionerConstants {
  readonly finest: number;
  readonly coarsest: number;
  readonly exponent: number;
  readonly maxCoefficients: number;
  readonly updates: readonly number[];
  readonly prior: number;
  readonly opponents: readonly (readonly number[])[];
}

export interface OklabConstants {
  readonly cones: readonly (readonly number[])[];
  readonly opponents: readonly (readonly number[])[];
  readonly fromCones: readonly (readonly number[])[];
  readonly fromOpponents: readonly (readonly number[])[];
}

export interface PainterConstants {
  readonly layers: readonly string[];
  readonly multiple: number;
  readonly frame: number;
  readonly extension: number;
  readonly measuredAt: number;
  readonly largest: number;
  readonly floor: number;
  readonly tiny: number;
  readonly noise: {
    readonly row: number;
    readonly column: number;
    readonly rounds: readonly (readonly [number, number])[];
    readonly last: number;
  };
}

const FORMAT = 1;

/** Return the constants of a parsed file. Throws where it is of another format. */
export function checked(value: Constants): Constants {
  if (value.format !== FORMAT) throw new Error("The models belong to another version of this page: reload it.");
  return value;
}
