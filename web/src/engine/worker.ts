/** The engine in a worker: opens the models once, then paints one picture at a time. */
import * as ort from "onnxruntime-web/wasm";
import moduleUrl from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import binaryUrl from "virtual:ort-wasm";
import { openDevice, type Wanted } from "../gpu/open";
import { unframed } from "../picture/frame";
import { fromPixels, toPixels, type Picture, type Pixels } from "../picture/picture";
import { HostBackend, type Backend } from "./backend";
import { checked, type Constants } from "./constants";
import { explained } from "./explained";
import { fetched, fetchedCompressed } from "./fetching";
import type { FromWorker, ToWorker } from "./messages";
import { Models, type ReadFile } from "./models";
import { onePass } from "./onePass";
import { Painting, type PaintingSettings } from "./painting";

const PREVIEW_SECONDS = 0.25;
const DEVICE_SECONDS = 60; // to load and to check a graphics processor, while the picture in one pass is shown

let models: Promise<Models> | undefined;
let device: Promise<Backend | undefined> = Promise.resolve(undefined); // the graphics processor, if it is used
let current = 0; // the request that is being painted
let wish: "go" | "stop" | "cancel" = "go";

function send(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

function sendPixels(type: "preview", id: number, picture: Picture): void {
  const pixels = toPixels(picture);
  send({ type, id, pixels }, [pixels.data.buffer]);
}

async function open(base: string, threads: number): Promise<Models> {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: new URL(moduleUrl, base).href };
  const [binary, json] = await Promise.all([
    fetchedCompressed(new URL(binaryUrl, base).href),
    fetched(new URL("models/constants.json", base).href),
  ]);
  ort.env.wasm.wasmBinary = binary;
  const constants = checked(JSON.parse(new TextDecoder().decode(json)) as Constants);
  return new Models(ort, constants, reader(base));
}

/** Return what reads the files of models. */
function reader(base: string): ReadFile {
  return async (name) => new Uint8Array(await fetchedCompressed(new URL(`models/${name}`, base).href));
}

/** Open the graphics processor where there is one; tell the page. */
async function findDevice(base: string, wanted: Wanted): Promise<Backend | undefined> {
  const opening = openDevice(base, wanted, await models!, reader(base));
  try {
    const { backend, name, differences } = await (wanted === "hardware" ? within(DEVICE_SECONDS, opening) : opening);
    send({ type: "device", name, differences });
    return backend;
  } catch (error) {
    opening.then(({ backend }) => { backend.close(); }, () => undefined); // it comes too late, or not at all
    send({ type: "device", reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** Return what a promise gives, if it does so in time. */
function within<T>(seconds: number, promise: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => { reject(new Error(`it was not ready after ${seconds} seconds`)); }, 1000 * seconds);
  });
  return Promise.race([promise, late]);
}

/** Let messages in: an evaluation blocks this thread. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

async function paint(request: Extract<ToWorker, { type: "paint" }>): Promise<void> {
  const { id, settings } = request;
  const opened = await models!;
  const photo = fromPixels(request.photo);
  const { frame, painter } = opened.constants;
  const paintings = unframed(request.paintings.map((pixels: Pixels) => fromPixels(pixels)), settings.keepFrame, frame);
  const first = painter && (await onePass(opened, photo, paintings, Math.min(settings.size, painter.largest), settings));
  await breathe();
  if (isCancelled()) return;
  if (first) sendPixels("preview", id, first);
  const gpu = await device;
  if (isCancelled()) return;
  if (gpu) {
    try {
      await paintBy(gpu, id, photo, paintings, settings);
      return;
    } catch (error) {
      // Out of its memory, or lost: the processor begins anew.
      device = Promise.resolve(undefined);
      gpu.close();
      send({ type: "device", reason: `it failed (${error instanceof Error ? error.message.slice(0, 120) : String(error)})` });
    }
  }
  await paintBy(new HostBackend(opened), id, photo, paintings, settings);
}

async function paintBy(
  backend: Backend,
  id: number,
  photo: Picture,
  paintings: readonly Picture[],
  settings: PaintingSettings,
): Promise<void> {
  const painting = new Painting(backend, photo, paintings, settings);
  try {
    let shown = performance.now();
    for await (const step of painting.steps()) {
      await breathe();
      if (isCancelled()) return;
      send({ type: "progress", id, progress: { level: step.level, levels: step.levels, step: step.step, steps: step.steps } });
      if (isStopped()) break;
      if (performance.now() - shown > 1000 * PREVIEW_SECONDS && step.step > 1) {
        sendPixels("preview", id, await step.picture());
        shown = performance.now();
      }
    }
    const pixels = toPixels(await painting.result());
    send({ type: "done", id, pixels, stopped: isStopped() }, [pixels.data.buffer]);
  } finally {
    painting.close();
  }
}

function isCancelled(): boolean {
  return wish === "cancel";
}

function isStopped(): boolean {
  return wish === "stop";
}

self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "open") {
    models = open(data.base, data.threads);
    models.then(
      () => {
        send({ type: "opened", threads: data.threads });
        device = findDevice(data.base, data.device);
      },
      (error: unknown) => { send({ type: "broken", message: explained(error) }); },
    );
  } else if (data.type === "paint") {
    current = data.id;
    wish = "go";
    paint(data).then(
      () => { if (isCancelled()) send({ type: "cancelled", id: data.id }); },
      (error: unknown) => { send({ type: "failed", id: data.id, message: explained(error) }); },
    );
  } else if (data.id === current) {
    wish = data.type;
  }
});
