import type { Progress } from "../engine/messages";
import type { PaintingSettings } from "../engine/painting";
import type { Pixels } from "../picture/picture";
import type { Chosen } from "./decode";

/** A photo to be painted like all of the paintings together. */
export interface Job {
  readonly photo: Chosen;
  readonly paintings: readonly Chosen[];
  readonly settings: PaintingSettings;
}

/** What a page receives about a picture that is being painted. */
export interface Listener {
  onProgress(progress: Progress): void;
  onPreview(pixels: Pixels): void;
}

/**
 * The end of a job: a picture, perhaps of a painting that was stopped; nothing where it was cancelled.
 *
 * `file`: the picture as a PNG, where the engine wrote one itself.
 */
export interface Outcome {
  readonly pixels: Pixels | undefined;
  readonly stopped: boolean;
  readonly file?: Blob;
}

/**
 * What the form begins with: the method's own settings.
 *
 * `draft`, `steps`, `finest`: evaluations. `size`, `largest`: pixels of the longest side. `strength`: 0..1.
 * `recipes`: published ones that can be taken in place of the method, with their evaluations.
 */
export interface Defaults {
  readonly strength: number;
  readonly size: number;
  readonly largest: number;
  readonly draft: number;
  readonly steps: number;
  readonly finest: number;
  readonly recipes?: Readonly<Record<string, number>>;
}

/** Paints pictures, one at a time: in the browser, or by the package on the same computer. */
export interface Engine {
  /** One line about where the engine computes. */
  readonly description: string;
  /** What the form begins with. */
  defaults(): Promise<Defaults>;
  /** Prepare; a job waits for it. Throws one sentence for a person. */
  open(): Promise<void>;
  paint(job: Job, listener: Listener): Promise<Outcome>;
  /** End the painting, and keep what there is. */
  stop(): void;
  /** End the painting, and drop it: `paint` settles at once. */
  cancel(): void;
}
