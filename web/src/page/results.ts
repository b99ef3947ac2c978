import { draw } from "./compare";
import { made, element } from "./dom";
import { fit, type Pixels } from "../picture/picture";

const THUMBNAIL = 320; // pixels of the longest side: a screen of high density shows about so many

/** Download a file under a name. */
export function download(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  made("a", { href: url, download: name }).click();
  setTimeout(() => { URL.revokeObjectURL(url); }, 60_000);
}

/** Return a list item with a picture, a button under which something happens. */
export function pictureButton(pixels: Pixels, label: string, onClick: () => void): HTMLLIElement {
  const image = made("img", { src: thumbnail(pixels), alt: "" });
  const button = made("button", { type: "button" }, image, label);
  button.addEventListener("click", onClick);
  return made("li", {}, button);
}

function thumbnail(pixels: Pixels): string {
  const whole = document.createElement("canvas");
  draw(whole, pixels);
  const { width, height } = Math.max(pixels.width, pixels.height) > THUMBNAIL ? fit(pixels, THUMBNAIL) : pixels;
  const small = made("canvas", { width, height });
  const context = small.getContext("2d");
  if (context) context.imageSmoothingQuality = "high";
  context?.drawImage(whole, 0, 0, width, height);
  return small.toDataURL("image/jpeg", 0.85);
}

/** The pictures painted since the page was opened; a click shows one again. */
export class History {
  private readonly root = element("history", HTMLDivElement);

  add(pixels: Pixels, label: string, onClick: () => void): void {
    this.root.hidden = false;
    this.root.querySelector("ul")!.prepend(pictureButton(pixels, label, onClick));
  }
}
