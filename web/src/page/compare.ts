import type { Pixels } from "../picture/picture";
import { element } from "./dom";

/** The photo and its painting, one over the other, with a slider between them. */
export class Compare {
  private readonly root = element("compare", HTMLDivElement);
  private readonly before = element("before", HTMLCanvasElement);
  private readonly after = element("after", HTMLCanvasElement);
  private readonly split = element("split", HTMLInputElement);

  constructor() {
    this.split.addEventListener("input", () => { this.place(); });
    const frame = this.after.parentElement!;
    frame.addEventListener("pointermove", (event) => {
      if (event.buttons === 0) return;
      const box = frame.getBoundingClientRect();
      this.split.value = String(Math.round((100 * (event.clientX - box.left)) / box.width));
      this.place();
    });
  }

  /** Show a photo; its painting follows. */
  begin(photo: Pixels): void {
    draw(this.before, photo);
    this.root.style.setProperty("--aspect", String(photo.width / photo.height));
    this.after.hidden = true;
    this.split.value = "0";
    this.place();
    this.root.hidden = false;
  }

  /** Show the painting so far. */
  show(pixels: Pixels): void {
    draw(this.after, pixels);
    // A preview may be smaller than the photo: both take the space of the larger one.
    this.after.style.aspectRatio = `${this.before.width} / ${this.before.height}`;
    this.after.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
  }

  private place(): void {
    this.root.style.setProperty("--split", `${this.split.value}%`);
  }
}

/** Draw pixels on a canvas of their size. */
export function draw(canvas: HTMLCanvasElement, pixels: Pixels): void {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d")?.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0);
}
