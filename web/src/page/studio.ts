import type { Progress } from "../engine/messages";
import type { PaintingSettings } from "../engine/painting";
import type { Pixels } from "../picture/picture";
import { Compare } from "./compare";
import type { Controls } from "./controls";
import { decoded, encoded, type Chosen } from "./decode";
import { element } from "./dom";
import type { Engine, Outcome } from "./engine";
import { download, History, pictureButton } from "./results";
import type { Slot } from "./slot";

const STRENGTHS = [0.2, 0.35, 0.5, 0.65, 0.8];
const SHEET = { size: 256, steps: 30 };

/** A picture that was painted: its PNG file, which takes less memory than its pixels, and its photo. */
interface Finished {
  readonly file: Blob;
  readonly stem: string;
  readonly photo: Chosen;
}

/** The page's work: paints the chosen photos one by one, shows how they grow, and keeps the results. */
export class Studio {
  private readonly compare = new Compare();
  private readonly history = new History();
  private readonly sheet = element("strengths", HTMLUListElement);
  private finished: Finished | undefined;
  private painting = false;
  private cancelled = false;
  private announced = 0;

  constructor(
    private readonly engine: Engine,
    private readonly photos: Slot,
    private readonly paintings: Slot,
    private readonly controls: Controls,
  ) {
    element("form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.guarded(() => this.paintAll());
    });
    element("sheet", HTMLButtonElement).addEventListener("click", () => void this.guarded(() => this.paintSheet()));
    element("stop", HTMLButtonElement).addEventListener("click", () => { this.engine.stop(); });
    element("cancel", HTMLButtonElement).addEventListener("click", () => { this.cancel(); });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.cancel(); });
    element("png", HTMLButtonElement).addEventListener("click", () => void this.download("image/png"));
    element("jpeg", HTMLButtonElement).addEventListener("click", () => void this.download("image/jpeg"));
  }

  /** Whether nothing has been chosen or painted yet. */
  get untouched(): boolean {
    return !this.painting && this.photos.pictures.length === 0 && this.paintings.pictures.length === 0;
  }

  /** Show one sentence about what went wrong; none to hide it. */
  complain(sentence: string | undefined): void {
    const place = element("message", HTMLParagraphElement);
    place.hidden = sentence === undefined;
    place.textContent = sentence ?? "";
  }

  /** Paint pictures of another page; return a PNG, nothing where it was cancelled. */
  async paintFor(
    photo: Chosen,
    paintings: readonly Chosen[],
    settings: Partial<PaintingSettings>,
    onProgress: (progress: Progress) => void,
  ): Promise<Blob | undefined> {
    if (this.painting) throw new Error("A picture is being painted already: wait for it, or cancel it.");
    this.begin();
    try {
      const job = { photo, paintings, settings: { ...this.controls.settings(), ...settings } };
      const { pixels, file } = await this.engine.paint(job, { onProgress, onPreview: () => undefined });
      return file ?? (pixels && (await encoded(pixels, "image/png")));
    } finally {
      this.end();
    }
  }

  private async paintAll(): Promise<void> {
    const photos = this.photos.pictures;
    for (const [i, photo] of photos.entries()) {
      if (this.cancelled) return;
      await this.paintOne(photo, photos.length > 1 ? `Photo ${i + 1} of ${photos.length}: ` : "");
    }
  }

  private async paintOne(photo: Chosen, prefix: string): Promise<void> {
    const settings = this.controls.settings();
    this.sheet.hidden = true;
    this.finished = undefined;
    element("downloads", HTMLDivElement).hidden = true;
    this.tell(prefix, undefined);
    const before = await readBefore(photo, settings.size);
    if (this.wasCancelled()) {
      this.announce("Cancelled");
      return;
    }
    this.compare.begin(before);
    const job = { photo, paintings: this.paintings.pictures, settings };
    const outcome = await this.engine.paint(job, {
      onProgress: (progress) => { this.tell(prefix, progress); },
      onPreview: (pixels) => { this.compare.show(pixels); },
    });
    await this.finish(outcome, photo);
  }

  private async finish({ pixels, stopped, file }: Outcome, photo: Chosen): Promise<void> {
    if (!pixels) {
      this.compare.hide();
      this.announce("Cancelled");
      return;
    }
    const stem = `${photo.name.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}_-]+/gu, "-")}-painted`;
    const finished = { file: file ?? (await encoded(pixels, "image/png")), stem, photo };
    this.finished = finished;
    this.compare.show(pixels);
    element("downloads", HTMLDivElement).hidden = false;
    this.history.add(pixels, photo.name, () => void this.showAgain(finished));
    this.announce(stopped ? "Stopped: this is the best picture so far" : "Finished");
  }

  /** Show a picture painted before, if nothing else was chosen or begun while it is read. */
  private async showAgain(finished: Finished): Promise<void> {
    if (this.painting) return;
    this.finished = finished;
    const pixels = await decoded(asChosen(finished), Infinity);
    const before = await readBefore(finished.photo, Math.max(pixels.height, pixels.width));
    if (this.finished !== finished) return;
    this.compare.begin(before);
    this.compare.show(pixels);
    element("downloads", HTMLDivElement).hidden = false;
  }

  private async paintSheet(): Promise<void> {
    const photo = this.photos.pictures[0]!;
    this.compare.hide();
    this.sheet.replaceChildren();
    this.sheet.hidden = false;
    for (const [i, strength] of STRENGTHS.entries()) {
      if (this.cancelled) return;
      const prefix = `Strength ${i + 1} of ${STRENGTHS.length}: `;
      const chosen = this.controls.settings();
      const settings = { ...chosen, size: SHEET.size, steps: Math.min(chosen.steps, SHEET.steps), strength };
      const job = { photo, paintings: this.paintings.pictures, settings };
      const { pixels } = await this.engine.paint(job, {
        onProgress: (progress) => { this.tell(prefix, progress); },
        onPreview: () => undefined,
      });
      if (!pixels) return;
      const label = `${Math.round(100 * strength)} %`;
      this.sheet.append(pictureButton(pixels, label, () => {
        this.controls.setStrength(strength);
        this.announce(`Strength ${label}`);
        element("paint", HTMLButtonElement).focus();
      }));
    }
    this.announce("All strengths are painted");
  }

  private async guarded(work: () => Promise<void>): Promise<void> {
    if (this.painting) return;
    if (this.photos.pictures.length === 0 || this.paintings.pictures.length === 0) {
      this.complain("Choose a photo and a painting first.");
      return;
    }
    this.begin();
    try {
      await work();
    } catch (error) {
      this.compare.hide();
      this.complain(error instanceof Error ? error.message : String(error));
    } finally {
      this.end();
    }
  }

  private begin(): void {
    this.painting = true;
    this.cancelled = false;
    this.announced = 0;
    this.complain(undefined);
    this.setBusy(true);
    this.announce("Painting");
    element("easel", HTMLElement).scrollIntoView({ block: "nearest" }); // on a phone it is below the form
  }

  private end(): void {
    this.painting = false;
    this.setBusy(false);
  }

  /** The field, read anew: it may have changed during an await. */
  private wasCancelled(): boolean {
    return this.cancelled;
  }

  private cancel(): void {
    if (!this.painting) return;
    this.cancelled = true;
    this.engine.cancel();
  }

  private setBusy(busy: boolean): void {
    element("progress", HTMLDivElement).hidden = !busy;
    element("stop", HTMLButtonElement).hidden = !busy;
    element("cancel", HTMLButtonElement).hidden = !busy;
    element("paint", HTMLButtonElement).disabled = busy;
    element("sheet", HTMLButtonElement).disabled = busy;
    element("compare", HTMLDivElement).ariaBusy = String(busy); // the live regions beside it must not be silenced
  }

  private tell(prefix: string, progress: Progress | undefined): void {
    const bar = element("bar", HTMLProgressElement);
    const text = element("progress-text", HTMLLabelElement);
    if (progress === undefined) {
      bar.removeAttribute("value");
      text.textContent = `${prefix}preparing`;
      return;
    }
    const { step, steps, level, levels } = progress;
    bar.value = step / steps;
    text.textContent = `${prefix}step ${step} of ${steps}, scale ${level + 1} of ${levels}`;
    const quarter = Math.floor((4 * step) / steps);
    if (quarter > this.announced && quarter < 4) {
      this.announced = quarter;
      this.announce(`${25 * quarter} percent`);
    }
  }

  private announce(text: string): void {
    element("status", HTMLParagraphElement).textContent = text;
  }

  private async download(type: "image/png" | "image/jpeg"): Promise<void> {
    if (!this.finished) return;
    const finished = this.finished;
    const file = type === "image/png" ? finished.file : await encoded(await decoded(asChosen(finished), Infinity), type);
    download(file, `${finished.stem}.${type === "image/png" ? "png" : "jpg"}`);
  }
}

function asChosen({ file, stem }: Finished): Chosen {
  return { file, name: stem, url: "" };
}

/** Return a photo for comparison. Nothing where this browser cannot read it: the engine may, and else says so. */
async function readBefore(photo: Chosen, longest: number): Promise<Pixels | undefined> {
  try {
    return await decoded(photo, longest);
  } catch {
    return undefined;
  }
}
