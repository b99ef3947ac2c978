import type { InferenceSession, Tensor } from "onnxruntime-web";
import type { FlatObjective, Values } from "../engine/flatObjective";
import { numbers, type Models } from "../engine/models";
import type { Objective } from "../engine/objective";
import type { Shape } from "../picture/picture";
import { DeviceSpace, type DeviceVector } from "./deviceSpace";
import type { Kernels } from "./kernels";

/** An objective whose picture, targets and gradient stay in a graphics processor's memory. */
export class DeviceObjective implements FlatObjective<DeviceVector> {
  readonly space: DeviceSpace;
  readonly shape: Shape;
  private readonly targets: GPUBuffer[] = [];
  private readonly feeds: Readonly<Record<string, Tensor>>;
  private readonly session: InferenceSession;

  constructor(
    private readonly models: Models,
    objective: Objective,
    kernels: Kernels,
    private readonly greyLevels: number,
  ) {
    this.space = new DeviceSpace(kernels);
    this.shape = objective.content;
    this.session = objective.session;
    const placed = Object.entries(objective.feeds).map(([name, tensor]) => {
      const buffer = kernels.buffer(tensor.size);
      kernels.write(buffer, numbers(tensor));
      this.targets.push(buffer);
      return [name, this.tensor(buffer, tensor.dims)] as const;
    });
    this.feeds = Object.fromEntries(placed);
  }

  async evaluate(x: DeviceVector): Promise<Values<DeviceVector>> {
    const { kernels } = this.space;
    const { height, width } = this.shape;
    const picture = this.space.combine([x], [1 / this.greyLevels]);
    kernels.submit();
    const found = await this.session.run({ ...this.feeds, picture: this.tensor(picture.buffer, [1, 3, height, width]) });
    const losses = numbers(found["losses"]).slice();
    const theirs = found["gradient"]!;
    if (theirs.location !== "gpu-buffer") throw new Error("the gradient is not in its memory");
    const gradient = this.space.combine([{ buffer: theirs.gpuBuffer, length: x.length }], [1 / this.greyLevels]);
    kernels.submit(); // before onnxruntime uses its buffer again
    for (const tensor of Object.values(found)) tensor.dispose();
    return { losses, gradient };
  }

  /** Nothing is pruned: on a graphics processor it has not been measured, as in the package. */
  prune(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): void {
    this.space.close();
    for (const buffer of this.targets) buffer.destroy();
  }

  private tensor(buffer: GPUBuffer, dims: readonly number[]): Tensor {
    return this.models.runtime.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims });
  }
}
