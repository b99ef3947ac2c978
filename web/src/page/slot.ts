import type { Sample } from "virtual:samples";
import type { Chosen } from "./decode";
import { made, within } from "./dom";

/** A place for pictures: dropped, chosen, taken by a camera, or a sample. Dispatches "change". */
export class Slot extends EventTarget {
  private chosen: Chosen[] = [];
  private readonly list: HTMLUListElement;

  /** @param most pictures that it holds; a further one replaces the last. */
  constructor(
    private readonly root: HTMLElement,
    private readonly most: number,
    samples: readonly Sample[],
  ) {
    super();
    this.list = within(root, ".thumbnails", HTMLUListElement);
    for (const input of root.querySelectorAll<HTMLInputElement>("input[type=file]")) {
      input.addEventListener("change", () => {
        this.addFiles(input.files);
        input.value = "";
      });
    }
    this.acceptDrops();
    within(root, "details", HTMLDetailsElement).addEventListener("toggle", () => { this.showSamples(samples); }, { once: true });
  }

  get pictures(): readonly Chosen[] {
    return this.chosen;
  }

  /** Add the pictures among files. */
  addFiles(files: Iterable<File> | null): void {
    const pictures = [...(files ?? [])].filter((file) => file.type.startsWith("image/") || file.type === "");
    for (const file of pictures) this.add(file, file.name || "the picture");
  }

  /** Add one picture. */
  add(file: Blob, name: string): void {
    const kept = this.chosen.slice(0, this.most - 1);
    for (const dropped of this.chosen.slice(this.most - 1)) URL.revokeObjectURL(dropped.url);
    this.chosen = [...kept, { file, name, url: URL.createObjectURL(file) }];
    this.show();
  }

  private remove(picture: Chosen): void {
    URL.revokeObjectURL(picture.url);
    this.chosen = this.chosen.filter((one) => one !== picture);
    this.show();
    within(this.root, "input", HTMLInputElement).focus();
  }

  private show(): void {
    this.root.classList.toggle("filled", this.chosen.length > 0);
    this.list.replaceChildren(
      ...this.chosen.map((picture) => {
        const button = made("button", { type: "button", textContent: "×", ariaLabel: `Remove ${picture.name}` });
        button.addEventListener("click", () => { this.remove(picture); });
        return made("li", {}, made("img", { src: picture.url, alt: picture.name }), button);
      }),
    );
    this.dispatchEvent(new Event("change"));
  }

  private acceptDrops(): void {
    const over = (on: boolean) => (event: DragEvent): void => {
      event.preventDefault();
      this.root.classList.toggle("over", on);
    };
    this.root.addEventListener("dragover", over(true));
    this.root.addEventListener("dragleave", over(false));
    this.root.addEventListener("drop", (event) => {
      over(false)(event);
      this.addFiles(event.dataTransfer?.files ?? null);
    });
  }

  private showSamples(samples: readonly Sample[]): void {
    const items = samples.map(({ name, url }) => {
      const button = made("button", { type: "button", title: name }, made("img", { src: url, alt: name, loading: "lazy" }));
      button.addEventListener("click", () => void this.addSample(name, url));
      return made("li", {}, button);
    });
    within(this.root, ".samples", HTMLUListElement).replaceChildren(...items);
  }

  private async addSample(name: string, url: string): Promise<void> {
    const response = await fetch(url);
    if (response.ok) this.add(await response.blob(), name);
  }
}
