/** The address of onnxruntime's WebAssembly, compressed by the bundler (`vite.config.ts`). */
declare module "virtual:ort-wasm" {
  const url: string;
  export default url;
}

/** The same of the build with WebGPU. */
declare module "virtual:ort-wasm-gpu" {
  const url: string;
  export default url;
}

/** Of the page's samples: `vite.config.ts` reads the folders of examples/. */
declare module "virtual:samples" {
  export interface Sample {
    readonly name: string;
    readonly url: string;
  }
  export const photos: readonly Sample[];
  export const paintings: readonly Sample[];
}

/** Whether this is the page of `nst-onnx app`. */
declare const __APP__: boolean;
