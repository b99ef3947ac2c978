import type { Backend } from "../engine/backend";
import { Descent, type AnyDescent, type Estimate } from "../engine/descent";
import type { Models } from "../engine/models";
import type { Evaluation, Objective } from "../engine/objective";
import type { Picture } from "../picture/picture";
import { DeviceObjective } from "./deviceObjective";
import type { Kernels } from "./kernels";

/** A graphics processor, by WebGPU: losses and gradient by onnxruntime, the optimiser's arithmetic by our kernels. */
export class DeviceBackend implements Backend {
  constructor(
    readonly models: Models,
    private readonly kernels: Kernels,
  ) {}

  async evaluate(objective: Objective, picture: Picture): Promise<Evaluation> {
    const flat = new DeviceObjective(this.models, objective, this.kernels, 1);
    try {
      const { losses, gradient } = await flat.evaluate(flat.space.take(picture.data));
      return { losses, gradient: await flat.space.host(gradient) };
    } finally {
      flat.close();
    }
  }

  descent(objective: Objective, start: Picture, evaluations: number, estimate?: Estimate): AnyDescent {
    const { constants } = this.models;
    const flat = new DeviceObjective(this.models, objective, this.kernels, constants.preset.greyLevels);
    return new Descent(flat, start, constants, evaluations, estimate);
  }

  close(): void {
    this.kernels.device.destroy();
  }
}
