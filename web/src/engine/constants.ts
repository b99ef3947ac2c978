/** The JSON object that `nst-onnx export web` writes: every constant of the method comes from there. */
export interface Constants {
  readonly format: number;
  readonly version: string;
  readonly network: { readonly name: string; readonly licence: string };
  readonly files: {
    readonly weights: string;
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
    readonly detail: number;
    readonly plateau: number;
    readonly greyLevels: number;
  };
  readonly objectives: Readonly<Record<Level, LevelConstants>>;
  readonly fine: FineConstants;
  readonly pruning: PruningConstants;
  readonly frame: FrameConstants;
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

/** What a level compares: all that there is, or only texture, above about 1000 pixels. */
export type Level = "usual" | "fine";

/** Files of the two models of an objective. */
export interface ModelFiles {
  readonly statistics: string;
  readonly objective: string;
}

export interface LevelConstants {
  readonly files: { readonly opaque: ModelFiles; readonly masked: ModelFiles };
  readonly terms: readonly TermConstants[];
  /** Objectives without the terms of the deepest layers: each without those of the ones before it, too. */
  readonly pruned: readonly { readonly without: readonly string[]; readonly file: string }[];
}

/** Of the levels above `settled` pixels: `nst_onnx/painting/fine_levels.py`. */
export interface FineConstants {
  readonly settled: number;
  readonly larger: number;
  readonly ratio: number;
  readonly narrowest: number;
  readonly enlargedTo: number;
  readonly share: number;
  readonly detail: number;
}

/** Of `nst_onnx/painting/term_pruning.py`. */
export interface PruningConstants {
  readonly loss: number;
  readonly gradient: number;
  readonly first: number;
  readonly again: number;
  readonly fewest: number;
}

/** What a border and its inner edge must be like: `nst_onnx/picture/frame.py`. */
export interface FrameEdge {
  readonly near: number;
  readonly even: number;
  readonly inside: number;
  readonly deepest: number;
}

export interface FrameConstants {
  readonly searched: number;
  readonly deepest: number;
  readonly alike: number;
  readonly step: number;
  readonly clear: number;
  readonly black: number;
  readonly white: number;
  readonly bands: number;
  readonly corner: number;
  readonly smallest: number;
  readonly faintDepth: readonly [number, number];
  readonly edges: Readonly<Record<"usual" | "ragged" | "plain" | "faint", FrameEdge>>;
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
  readonly settled: number;
  readonly coarse: number;
  readonly fewest: number;
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

const FORMAT = 4;

/** Return the constants of a parsed file. Throws where it is of another format. */
export function checked(value: Constants): Constants {
  if (value.format !== FORMAT) throw new Error("The models belong to another version of this page: reload it.");
  return value;
}
