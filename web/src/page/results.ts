import { draw } from "./compare";
import { made, element } from "./dom";
import { encoded } from "./decode";
import type { Pixels } from "../picture/picture";

/** Download a picture under a name: a file that there is already, or one that is made of the pixels. */
export async function download(
  pixels: Pixels,
  type: "image/png" | "image/jpeg",
  stem: string,
  file?: Blob,
): Promise<void> {
  const url = URL.createObjectURL(file ?? (await encoded(pixels, type)));
  const link = made("a", { href: url, download: `${stem}.${type === "image/png" ? "png" : "jpg"}` });
  link.click();
  setTimeout(() => { URL.revokeObjectURL(url); }, 60_000);
}

/** Return a list item with a picture, a button under which something happens. */
export function pictureButton(pixels: Pixels, label: string, onClick: () => void): HTMLLIElement {
  const canvas = document.createElement("canvas");
  draw(canvas, pixels);
  const image = made("img", { src: canvas.toDataURL("image/jpeg", 0.85), alt: "" });
  const button = made("button", { type: "button" }, image, label);
  button.addEventListener("click", onClick);
  return made("li", {}, button);
}

/** The pictures painted since the page was opened; a click shows one again. */
export class History {
  private readonly root = element("history", HTMLDivElement);

  add(pixels: Pixels, label: string, onClick: () => void): void {
    this.root.hidden = false;
    this.root.querySelector("ul")!.prepend(pictureButton(pixels, label, onClick));
  }
}
