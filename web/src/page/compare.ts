import type { Pixels, Shape } from "../picture/picture";
import { element } from "./dom";

/** The photo and its painting, one over the other, with a slider between them. */
export class Compare {
  private readonly root = element("compare", HTMLDivElement);
  private readonly before = element("before", HTMLCanvasElement);
  private readonly after = element("after", HTMLCanvasElement);
  private readonly split = element("split", HTMLInputElement);
  private shape: Shape | undefined; // the photo's

  constructor() {
    this.split.addEventListener("input", () => { this.place(); });
    const frame = this.after.parentElement!;
    frame.addEventListener("pointermove", (event) => {
      if (event.buttons === 0 || this.shape === undefined) return;
      const box = frame.getBoundingClientRect();
      this.split.value = String(Math.round((100 * (event.clientX - box.left)) / box.width));
      this.place();
    });
  }

  /** Show a photo; its painting follows. Without a photo, the painting is shown alone. */
  begin(photo: Pixels | undefined): void {
    this.root.classList.toggle("alone", photo === undefined);
    this.shape = photo;
    if (photo) {
      draw(this.before, photo);
      this.root.style.setProperty("--aspect", String(photo.width / photo.height));
    }
    this.after.hidden = true;
    this.split.value = "0";
    this.place();
    this.root.hidden = photo === undefined;
  }

  /** Show the painting so far. */
  show(pixels: Pixels): void {
    draw(this.after, pixels);
    // A preview may be smaller than the photo: both take the space of the larger one.
    const { width, height } = this.shape ?? pixels;
    this.after.style.aspectRatio = `${width} / ${height}`;
    this.root.style.setProperty("--aspect", String(width / height));
    this.after.hidden = false;
    this.root.hidden = false;
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
