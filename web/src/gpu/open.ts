import moduleUrl from "onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url";
import binaryUrl from "virtual:ort-wasm-gpu";
import { HostBackend, type Backend } from "../engine/backend";
import { fetchedCompressed } from "../engine/fetching";
import { Models, type ReadFile } from "../engine/models";
import { DeviceBackend } from "./deviceBackend";
import { Kernels } from "./kernels";
import { differences, tolerable, type Differences } from "./selfCheck";

/** Which graphics processors are used: none, those of the hardware, or a software one, too (for tests). */
export type Wanted = "none" | "hardware" | "any";

/** A graphics processor that computes what the processor does, as far as `differences` say. */
export interface OpenedDevice {
  readonly backend: Backend;
  readonly name: string;
  readonly differences: Differences;
}

const SMALLEST_BINDING = 2 ** 27; // bytes of a buffer that a kernel reads: the least that WebGPU promises

/**
 * Open the graphics processor and compare it with the processor, `reference`.
 *
 * Throws an Error whose message completes "The graphics processor is not used: …".
 */
export async function openDevice(base: string, wanted: Wanted, reference: Models, read: ReadFile): Promise<OpenedDevice> {
  const adapter = await usableAdapter(wanted);
  const ort = await import("onnxruntime-web/jspi");
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: new URL(moduleUrl, base).href };
  ort.env.wasm.wasmBinary = await fetchedCompressed(new URL(binaryUrl, base).href);
  ort.env.logLevel = "error";
  const models = new Models(ort, reference.constants, read, {
    executionProviders: ["webgpu"],
    preferredOutputLocation: { gradient: "gpu-buffer" },
  });
  await models.objective(reference.constants.objectives.usual.files.opaque.statistics); // opens its device
  const backend = new DeviceBackend(models, new Kernels(await ort.env.webgpu.device));
  const found = await differences(backend, new HostBackend(reference));
  if (!tolerable(found)) {
    backend.close();
    throw new Error("its numbers are not those of the processor");
  }
  const { vendor, architecture, description } = adapter.info;
  return { backend, name: description || [vendor, architecture].filter(Boolean).join(" "), differences: found };
}

async function usableAdapter(wanted: Wanted): Promise<GPUAdapter> {
  if (wanted === "none") throw new Error("the address of this page says so");
  // In the types of the DOM it is always there.
  const gpu = (navigator as { readonly gpu?: GPU }).gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("this browser offers none");
  if (wanted === "hardware" && adapter.info.isFallbackAdapter) throw new Error("this browser offers a software one only");
  if (!("Suspending" in WebAssembly)) throw new Error("this browser's WebAssembly cannot wait for it");
  if (adapter.limits.maxStorageBufferBindingSize < SMALLEST_BINDING) throw new Error("its buffers are too small");
  return adapter;
}
