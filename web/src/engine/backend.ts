import type { Picture } from "../picture/picture";
import { Descent, type AnyDescent, type Estimate } from "./descent";
import { HostObjective } from "./flatObjective";
import type { Models } from "./models";
import type { Evaluation, Objective } from "./objective";

/** Where pictures are painted: its models, and descents on the objectives that they make. */
export interface Backend {
  readonly models: Models;
  /** Return losses and gradient of an objective of its models at a picture. */
  evaluate(objective: Objective, picture: Picture): Promise<Evaluation>;
  descent(objective: Objective, start: Picture, evaluations: number, estimate?: Estimate): AnyDescent;
  /** Release what it holds; it is not used again. */
  close(): void;
}

/** The processor, by WebAssembly. */
export class HostBackend implements Backend {
  constructor(readonly models: Models) {}

  evaluate(objective: Objective, picture: Picture): Promise<Evaluation> {
    return objective.evaluate(picture.data);
  }

  descent(objective: Objective, start: Picture, evaluations: number, estimate?: Estimate): AnyDescent {
    const { constants } = this.models;
    const flat = new HostObjective(objective, constants.preset.greyLevels, constants.pruning, evaluations);
    return new Descent(flat, start, constants, evaluations, estimate);
  }

  close(): void {
    // The models stay open for the next picture.
  }
}
