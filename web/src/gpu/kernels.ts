import { SHADERS } from "./shaders";

// GPUBufferUsage and GPUMapMode, which the types of the DOM leave out.
const MAP_READ = 0x1;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const UNIFORM = 0x40;
const STORAGE = 0x80;
const READ = 0x1;

const ALIGNMENT = 16; // bytes: onnxruntime reads whole vectors of four numbers

export type Kernel = keyof typeof SHADERS;

/** Dispatches kernels on a device; commands are collected, and submitted together. */
export class Kernels {
  private readonly pipelines = new Map<Kernel, GPUComputePipeline>();
  private encoder: GPUCommandEncoder | undefined;
  private temporary: GPUBuffer[] = []; // of the commands that are collected
  private fault: string | undefined;

  constructor(readonly device: GPUDevice) {
    device.addEventListener("uncapturederror", ({ error }) => { this.fault ??= error.message; });
    void device.lost.then(({ message }) => { this.fault ??= message || "it was lost"; });
  }

  /** Return a buffer for so many float32 numbers. */
  buffer(length: number): GPUBuffer {
    const size = Math.ceil((4 * length) / ALIGNMENT) * ALIGNMENT;
    return this.device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
  }

  /** Write numbers to a buffer, before all commands that follow. */
  write(buffer: GPUBuffer, values: Float32Array): void {
    this.submit();
    this.device.queue.writeBuffer(buffer, 0, values.slice());
  }

  /** Run a kernel. `params`: its numbers, whole ones first; `groups`: workgroups along x, y, z. */
  run(
    kernel: Kernel,
    params: { readonly whole: readonly number[]; readonly real?: readonly number[] },
    buffers: readonly GPUBuffer[],
    groups: readonly [number, number?, number?],
  ): void {
    const pipeline = this.pipeline(kernel);
    const uniform = this.uniform(params.whole, params.real ?? []);
    const entries = [uniform, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } }));
    this.encoder ??= this.device.createCommandEncoder();
    const pass = this.encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...groups);
    pass.end();
  }

  /** Submit the commands that are collected. */
  submit(): void {
    if (this.encoder) this.device.queue.submit([this.encoder.finish()]);
    this.encoder = undefined;
    for (const buffer of this.temporary) buffer.destroy();
    this.temporary = [];
  }

  /** Return the first numbers of a buffer. Throws what went wrong on the device. */
  async read(buffer: GPUBuffer, length: number): Promise<Float32Array> {
    const staging = this.device.createBuffer({ size: 4 * length, usage: MAP_READ | COPY_DST });
    this.encoder ??= this.device.createCommandEncoder();
    this.encoder.copyBufferToBuffer(buffer, 0, staging, 0, 4 * length);
    this.submit();
    try {
      await staging.mapAsync(READ);
      if (this.fault !== undefined) throw new Error(this.fault);
      return new Float32Array(staging.getMappedRange()).slice();
    } finally {
      staging.destroy();
    }
  }

  private uniform(whole: readonly number[], real: readonly number[]): GPUBuffer {
    const at = real.length > 0 ? Math.ceil(whole.length / 4) * 4 : whole.length; // vectors of four are aligned
    const size = 4 * Math.ceil((at + real.length) / 4) * 4;
    const buffer = this.device.createBuffer({ size, usage: UNIFORM, mappedAtCreation: true });
    const range = buffer.getMappedRange();
    new Uint32Array(range).set(whole);
    new Float32Array(range).set(real, at);
    buffer.unmap();
    this.temporary.push(buffer);
    return buffer;
  }

  private pipeline(kernel: Kernel): GPUComputePipeline {
    let found = this.pipelines.get(kernel);
    if (found === undefined) {
      const module = this.device.createShaderModule({ code: SHADERS[kernel] });
      found = this.device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
      this.pipelines.set(kernel, found);
    }
    return found;
  }
}
