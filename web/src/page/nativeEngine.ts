import type { Progress } from "../engine/messages";
import type { Pixels } from "../picture/picture";
import { decoded } from "./decode";
import type { Defaults, Engine, Job, Listener, Outcome } from "./engine";

const SHOWN_AT = 4096; // pixels of the longest side

const ENDED = "The program behind this page has ended: start `nst-onnx app` again.";
const LOST = "The picture is painted, but could not be loaded from the program behind this page: paint it again.";

/** From the server's socket: the worker's events of a job, with the address of each picture. */
type JobEvent = { readonly job: number | null } & (
  | { readonly event: "progress"; readonly scale: number; readonly scales: number; readonly step: number; readonly steps: number }
  | { readonly event: "preview" | "done"; readonly url: string; readonly stopped?: boolean }
  | { readonly event: "cancelled" }
  | { readonly event: "error"; readonly message: string; readonly hint: string }
);
type ServerEvent = JobEvent | { readonly event: "hello"; readonly description: string };

interface Running {
  readonly job: number;
  readonly listener: Listener;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
  /** Ends its uploads. */
  readonly uploads: AbortController;
  /** Whether the program has the job. */
  begun: boolean;
}

/** The engine of the package on the same computer: `nst-onnx app`. */
export class NativeEngine implements Engine {
  description = "Painted by nst-onnx on this computer.";
  private socket: WebSocket | undefined;
  private opened: Promise<void> | undefined;
  private running: Running | undefined;
  private count = 0;

  async defaults(): Promise<Defaults> {
    const response = await fetch("api/defaults");
    if (!response.ok) throw new Error(ENDED);
    return (await response.json()) as Defaults;
  }

  open(): Promise<void> {
    this.opened ??= this.connect();
    return this.opened;
  }

  paint(job: Job, listener: Listener): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const uploads = new AbortController();
      const running: Running = { job: ++this.count, listener, resolve, reject, uploads, begun: false };
      this.running = running;
      this.begin(job, running).catch((error: unknown) => {
        if (this.running === running) this.running = undefined;
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  stop(): void {
    if (this.running?.begun) this.send({ request: "stop" });
    else this.cancel(); // there is no picture yet
  }

  cancel(): void {
    const running = this.settled();
    if (running?.begun) this.send({ request: "cancel" });
    running?.uploads.abort();
    running?.resolve({ pixels: undefined, stopped: true });
  }

  private async begin(job: Job, running: Running): Promise<void> {
    await this.open();
    const files = [job.photo, ...job.paintings];
    const [content, ...styles] = await Promise.all(files.map(({ file, name }) => upload(file, name, running.uploads.signal)));
    if (this.running !== running) return; // cancelled meanwhile
    const { size, steps, strength, styleScale, keepColours, keepFrame, preset } = job.settings;
    const options = {
      size,
      steps,
      strength,
      style_scale: styleScale,
      preserve_colour: keepColours ? "luminance" : null,
      style_frame: keepFrame ? "keep" : "crop",
      ...(preset === undefined ? {} : { preset }),
    };
    running.begun = true;
    this.send({ request: "paint", job: running.job, content, styles, options });
  }

  /** Send a request, if the socket is open: its end settles the job, and before its beginning there is none. */
  private send(request: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(request));
  }

  private connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(new URL("api/events", document.baseURI.replace(/^http/, "ws")));
      this.socket = socket;
      socket.addEventListener("close", () => {
        const error = new Error(ENDED);
        this.opened = undefined;
        reject(error);
        this.settled()?.reject(error);
      });
      socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
        const event = JSON.parse(data) as ServerEvent;
        if (event.event === "hello") {
          this.description = event.description;
          resolve();
        } else {
          void this.receive(event);
        }
      });
    });
  }

  private async receive(event: JobEvent): Promise<void> {
    const running = this.running;
    if (running === undefined || (event.job !== null && event.job !== running.job)) return;
    if (event.event === "progress") {
      const { scale, scales, step, steps } = event;
      const progress: Progress = { level: scale, levels: scales, step, steps };
      running.listener.onProgress(progress);
    } else if (event.event === "error") {
      this.settled()?.reject(new Error([event.message, event.hint].filter(Boolean).join(": ")));
    } else if (event.event === "cancelled") {
      this.settled()?.resolve({ pixels: undefined, stopped: true });
    } else {
      await this.receivePicture(event.url, event.event === "done", event.stopped ?? false, running);
    }
  }

  private async receivePicture(url: string, last: boolean, stopped: boolean, running: Running): Promise<void> {
    let outcome: { readonly pixels: Pixels; readonly stopped: boolean; readonly file: Blob };
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url} is not there`);
      const file = await response.blob();
      outcome = { pixels: await decoded({ file, name: "The picture", url }, SHOWN_AT), stopped, file };
    } catch (error) {
      // A preview may be missing: a newer one has replaced it, or follows.
      if (last && this.running === running) this.settled()?.reject(new Error(LOST, { cause: error }));
      return;
    }
    if (this.running !== running) return;
    if (last) this.settled()?.resolve(outcome);
    else running.listener.onPreview(outcome.pixels);
  }

  /** Return what is running, which is over now. */
  private settled(): Running | undefined {
    const running = this.running;
    this.running = undefined;
    return running;
  }
}

/** Send a picture's file to the server; return the name that it has there. */
async function upload(file: Blob, name: string, signal: AbortSignal): Promise<string> {
  const response = await fetch("api/pictures", {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream", "X-Name": encodeURIComponent(name) },
    body: file,
    signal,
  });
  const answer = (await response.json()) as { readonly id?: string; readonly message?: string };
  if (answer.id === undefined) throw new Error(answer.message ?? `${name} could not be sent: start nst-onnx app again.`);
  return answer.id;
}
