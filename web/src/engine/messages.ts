import type { Wanted } from "../gpu/open";
import type { Pixels } from "../picture/picture";
import type { Differences } from "../gpu/selfCheck";
import type { PaintingSettings } from "./painting";

/** What a page asks for: photos are painted like all of the paintings together. */
interface PaintRequest {
  readonly photo: Pixels;
  readonly paintings: readonly Pixels[];
  readonly settings: PaintingSettings;
}

export interface Progress {
  readonly level: number;
  readonly levels: number;
  readonly step: number;
  readonly steps: number;
}

/** The graphics processor that paints, with its differences from the processor; else why none does. */
export interface DeviceReport {
  readonly name?: string;
  readonly differences?: Differences;
  readonly reason?: string;
}

/** From the page to the engine's worker. `stop` keeps what there is; `cancel` drops it. */
export type ToWorker =
  | ({ readonly type: "paint"; readonly id: number } & PaintRequest)
  | { readonly type: "stop" | "cancel"; readonly id: number }
  | { readonly type: "open"; readonly base: string; readonly threads: number; readonly device: Wanted };

/** From the engine's worker to the page; `done`, `cancelled` and `failed` are the last of a request. */
export type FromWorker =
  | { readonly type: "opened"; readonly threads: number }
  | ({ readonly type: "device" } & DeviceReport)
  | { readonly type: "broken"; readonly message: string }
  | { readonly type: "progress"; readonly id: number; readonly progress: Progress }
  | { readonly type: "preview"; readonly id: number; readonly pixels: Pixels }
  | { readonly type: "done"; readonly id: number; readonly pixels: Pixels; readonly stopped: boolean }
  | { readonly type: "cancelled"; readonly id: number }
  | { readonly type: "failed"; readonly id: number; readonly message: string };
