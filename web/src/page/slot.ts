import type { Sample } from "virtual:samples";
import type { Chosen } from "./decode";
import { made, within } from "./dom";

/** A place for pictures: dropped, chosen, taken by a camera, or a sample. Dispatches "change". */
export class Slot extends EventTarget {
  private chosen: Chosen[] = [];
  private readonly list: HTMLUListElement;

  /**
   * @param most pictures that it holds
   * @param adds whether what is chosen comes beside what there is, or in its place
   */
  constructor(
    private readonly root: HTMLElement,
    private readonly most: number,
    private readonly adds: () => boolean,
    samples: readonly Sample[],
  ) {
    super();
    this.list = within(root, ".thumbnails", HTMLUListElement);
    for (const input of root.querySelectorAll<HTMLInputElement>("input[type=file]")) {
      const take = (): void => {
        this.addFiles(input.files);
        input.value = "";
      };
      input.addEventListener("change", take);
      take(); // what was chosen while the page was loading
    }
    this.acceptDrops();
    within(root, "details", HTMLDetailsElement).addEventListener("toggle", () => { this.showSamples(samples); }, { once: true });
  }

  get pictures(): readonly Chosen[] {
    return this.chosen;
  }

  /** Take the pictures among files. */
  addFiles(files: Iterable<File> | null): void {
    const pictures = [...(files ?? [])].filter((file) => file.type.startsWith("image/") || file.type === "");
    this.take(pictures.map((file) => ({ file, name: file.name || "the picture" })));
  }

  private take(pictures: readonly { readonly file: Blob; readonly name: string }[]): void {
    if (pictures.length === 0) return;
    const before = this.adds() ? this.chosen : [];
    const after = [...before, ...pictures.map(({ file, name }) => ({ file, name, url: URL.createObjectURL(file) }))];
    const kept = after.slice(-this.most);
    for (const one of [...this.chosen, ...after]) if (!kept.includes(one)) URL.revokeObjectURL(one.url);
    this.chosen = kept;
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
    if (response.ok) this.take([{ file: await response.blob(), name }]);
  }
}
