import { checked, type Constants } from "../engine/constants";
import { fetched } from "../engine/fetching";
import type { DeviceReport, FromWorker, ToWorker } from "../engine/messages";
import type { Wanted } from "../gpu/open";
import { decoded } from "./decode";
import type { Defaults, Engine, Job, Listener, Outcome } from "./engine";

const GRACE_SECONDS = 8; // after a cancellation, until the worker is replaced
const MOST_THREADS = 8;
const READ_AT = 2048; // pixels: what is larger is reduced when it is read

interface Running {
  readonly id: number;
  readonly listener: Listener;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/** The engine in a worker of this page. */
export class BrowserEngine implements Engine {
  private worker: Worker | undefined;
  private opened: Promise<void> | undefined;
  private running: Running | undefined;
  private begun = false; // whether the worker has the job
  private busy = false; // the worker has not answered a cancellation yet
  private count = 0;
  private readonly threads = window.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MOST_THREADS) : 1;

  private device: DeviceReport = {};

  get description(): string {
    const { name, reason } = this.device;
    if (name !== undefined) return `Painted on this device, by its graphics processor (${name}). Nothing is uploaded.`;
    const threads = this.threads > 1 ? `, by ${this.threads} threads` : "";
    const without = reason === undefined ? "" : ` The graphics processor is not used: ${reason}.`;
    return `Painted on this device${threads}. Nothing is uploaded.${without}`;
  }

  /** @param onChange called when the description has changed */
  constructor(private readonly onChange: () => void) {}

  async defaults(): Promise<Defaults> {
    const json = new TextDecoder().decode(await fetched("models/constants.json"));
    const { preset, options, qualities } = checked(JSON.parse(json) as Constants);
    const steps = (quality: string): number => qualities[quality]?.steps ?? preset.steps;
    return { ...preset, strength: options.strength, draft: steps("fast"), finest: steps("best") };
  }

  /** Load the models; the first painting waits for them. */
  open(): Promise<void> {
    this.opened ??= this.start();
    return this.opened;
  }

  async paint(job: Job, listener: Listener): Promise<Outcome> {
    if (this.busy) this.restart();
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      const running = { id, listener, resolve, reject };
      this.running = running;
      this.begin(job, running).catch((error: unknown) => {
        if (this.running === running) this.running = undefined;
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  stop(): void {
    if (this.running && this.begun) this.send({ type: "stop", id: this.running.id });
    else this.cancel();
  }

  cancel(): void {
    const running = this.running;
    if (!running) return;
    this.running = undefined;
    running.resolve({ pixels: undefined, stopped: true });
    if (!this.begun) return;
    this.busy = true;
    this.send({ type: "cancel", id: running.id });
    setTimeout(() => { if (this.busy) this.restart(); }, 1000 * GRACE_SECONDS);
  }

  private async begin(job: Job, running: Running): Promise<void> {
    const photo = await decoded(job.photo, READ_AT);
    const paintings = await Promise.all(job.paintings.map((painting) => decoded(painting, READ_AT)));
    await this.open();
    if (this.running !== running) return; // cancelled meanwhile
    this.begun = true;
    this.send({ type: "paint", id: running.id, photo, paintings, settings: job.settings });
  }

  private start(): Promise<void> {
    const worker = new Worker(new URL("../engine/worker.ts", import.meta.url), { type: "module" });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      const fail = (message: string): void => {
        this.restart();
        reject(new Error(message));
        this.running?.reject(new Error(message));
        this.running = undefined;
      };
      worker.addEventListener("error", () => {
        fail("The engine could not be started: reload the page, or try another browser.");
      });
      worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === "opened") resolve();
        else if (data.type === "device") this.report(data);
        else if (data.type === "broken") fail(data.message);
        else this.receive(data);
      });
      this.send({ type: "open", base: document.baseURI, threads: this.threads, device: wantedDevice() });
    });
  }

  /** End the worker; the next painting begins with a new one. */
  private restart(): void {
    this.worker?.terminate();
    this.busy = false;
    this.begun = false;
    this.opened = undefined;
  }

  private report(device: DeviceReport): void {
    this.device = device;
    document.documentElement.dataset["device"] = JSON.stringify(device);
    this.onChange();
  }

  private send(message: ToWorker): void {
    this.worker!.postMessage(message);
  }

  private receive(message: Exclude<FromWorker, { type: "opened" | "broken" | "device" }>): void {
    const last = message.type === "done" || message.type === "failed" || message.type === "cancelled";
    if (last) {
      this.busy = false;
      this.begun = false;
    }
    // What failed once stays so in the worker: a promise of a model that was refused, memory that WebAssembly keeps.
    if (message.type === "failed") this.restart();
    const running = this.running;
    if (running?.id !== message.id) return;
    if (last) this.running = undefined;
    if (message.type === "progress") running.listener.onProgress(message.progress);
    else if (message.type === "preview") running.listener.onPreview(message.pixels);
    else if (message.type === "done") running.resolve({ pixels: message.pixels, stopped: message.stopped });
    else if (message.type === "failed") running.reject(new Error(message.message));
    else running.resolve({ pixels: undefined, stopped: true });
  }
}

/** Return which graphics processors are used: `?gpu=none` and `?gpu=any` in the page's address say so. */
function wantedDevice(): Wanted {
  const given = new URLSearchParams(location.search).get("gpu");
  return given === "none" || given === "any" ? given : "hardware";
}
