/** The engine in a worker: opens the models once, then paints one picture at a time. */
import * as ort from "onnxruntime-web/wasm";
import moduleUrl from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import binaryUrl from "virtual:ort-wasm";
import { fromPixels, toPixels, type Picture, type Pixels } from "../picture/picture";
import { checked, type Constants } from "./constants";
import { explained } from "./explained";
import { fetched, fetchedCompressed } from "./fetching";
import type { FromWorker, ToWorker } from "./messages";
import { Models } from "./models";
import { onePass } from "./onePass";
import { Painting } from "./painting";

const PREVIEW_SECONDS = 0.25;

let models: Promise<Models> | undefined;
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
  const file = (name: string): string => new URL(`models/${name}`, base).href;
  const [binary, json] = await Promise.all([
    fetchedCompressed(new URL(binaryUrl, base).href),
    fetched(file("constants.json")),
  ]);
  ort.env.wasm.wasmBinary = binary;
  const constants = checked(JSON.parse(new TextDecoder().decode(json)) as Constants);
  return new Models(ort, constants, (name) => fetched(file(name)));
}

/** Let messages in: an evaluation blocks this thread. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

async function paint(request: Extract<ToWorker, { type: "paint" }>): Promise<void> {
  const { id, settings } = request;
  const opened = await models!;
  const photo = fromPixels(request.photo);
  const paintings = request.paintings.map((pixels: Pixels) => fromPixels(pixels));
  const first = await onePass(opened, photo, paintings, settings.size, settings);
  await breathe();
  if (isCancelled()) return;
  if (first) sendPixels("preview", id, first);
  const painting = new Painting(opened, photo, paintings, settings);
  let shown = performance.now();
  for await (const step of painting.steps()) {
    await breathe();
    if (isCancelled()) return;
    send({ type: "progress", id, progress: { level: step.level, levels: step.levels, step: step.step, steps: step.steps } });
    if (isStopped()) break;
    if (performance.now() - shown > 1000 * PREVIEW_SECONDS && step.step > 1) {
      sendPixels("preview", id, step.picture());
      shown = performance.now();
    }
  }
  const pixels = toPixels(painting.result());
  send({ type: "done", id, pixels, stopped: isStopped() }, [pixels.data.buffer]);
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
      () => { send({ type: "opened", threads: data.threads }); },
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
