import type { InferenceSession, Tensor } from "onnxruntime-web";
import type { Constants } from "./constants";

/** The part of onnxruntime-web that the engine uses; tests give Node's. */
export interface Runtime {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  readonly Tensor: typeof Tensor;
}

/** Reads one of the files that `nst-onnx export web` wrote. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

/** The sessions of the models, each opened on first use. Both of the objective's read the same weights. */
export class Models {
  private readonly sessions = new Map<string, Promise<InferenceSession>>();
  private weights: Promise<Uint8Array> | undefined;

  constructor(
    readonly runtime: Runtime,
    readonly constants: Constants,
    private readonly read: ReadFile,
    /** Beside the models: where sessions are executed, and where their outputs are. */
    private readonly options: InferenceSession.SessionOptions = { executionProviders: ["wasm"] },
  ) {}

  /** Return a tensor of numbers. */
  tensor(data: Float32Array, dims: readonly number[]): Tensor {
    return new this.runtime.Tensor("float32", data, dims);
  }

  /** Return the session of a file of an objective. */
  objective(file: string): Promise<InferenceSession> {
    return this.open(file, true);
  }

  /** From a painting to the statistics that the predictor takes. */
  paintedFrom(): Promise<InferenceSession> {
    return this.open(this.constants.files.paintedFrom, true);
  }

  predictor(): Promise<InferenceSession> {
    return this.open(this.constants.files.predictor, false);
  }

  painter(): Promise<InferenceSession> {
    return this.open(this.constants.files.painter, false);
  }

  private open(name: string, sharesWeights: boolean): Promise<InferenceSession> {
    let session = this.sessions.get(name);
    if (session === undefined) {
      session = this.create(name, sharesWeights);
      this.sessions.set(name, session);
    }
    return session;
  }

  private async create(name: string, sharesWeights: boolean): Promise<InferenceSession> {
    const options: InferenceSession.SessionOptions = { ...this.options };
    if (sharesWeights) {
      this.weights ??= this.read(this.constants.files.weights);
      options.externalData = [{ path: this.constants.files.weights, data: await this.weights }];
    }
    return this.runtime.InferenceSession.create(await this.read(name), options);
  }
}

/** Return the numbers of a tensor. */
export function numbers(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error("The model has another form than this page expects: reload it.");
  return tensor.data;
}
