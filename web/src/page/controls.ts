import type { PaintingSettings } from "../engine/painting";
import { element, made } from "./dom";
import type { Defaults } from "./engine";

const SIZES = [256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096];

/** The form's controls: strength, strokes, size, quality, colours, frames. */
export class Controls {
  private readonly strength = element("strength", HTMLInputElement);
  private readonly stroke = element("stroke", HTMLInputElement);
  private readonly size = element("size", HTMLSelectElement);
  private readonly recipe = element("recipe", HTMLSelectElement);
  private readonly quality = element("quality", HTMLSelectElement);
  private readonly keepFrame = element("keep-frame", HTMLInputElement);
  private readonly keepColours = element("keep-colours", HTMLInputElement);

  constructor(defaults: Defaults) {
    for (const input of [this.strength, this.stroke]) input.addEventListener("input", () => { this.showValues(); });
    this.size.replaceChildren(
      ...SIZES.filter((size) => size <= defaults.largest).map((size) => made("option", { value: String(size), text: `${size} pixels` })),
    );
    this.size.value = String(defaults.size);
    this.offerRecipes(Object.keys(defaults.recipes ?? {}));
    this.recipe.addEventListener("input", () => { this.offerQualities(defaults); });
    this.offerQualities(defaults);
    this.setStrength(defaults.strength);
  }

  /** Set the strength, 0..1. */
  setStrength(strength: number): void {
    this.strength.value = String(Math.round(100 * strength));
    this.showValues();
  }

  /** Return what is chosen. */
  settings(): PaintingSettings {
    return {
      strength: Number(this.strength.value) / 100,
      styleScale: 2 ** Number(this.stroke.value),
      size: Number(this.size.value),
      steps: Number(this.quality.value),
      keepColours: this.keepColours.checked,
      keepFrame: this.keepFrame.checked,
      ...(this.recipe.value ? { preset: this.recipe.value } : {}),
    };
  }

  /** Offer our own method, and published recipes where there are some. */
  private offerRecipes(names: readonly string[]): void {
    const recipes = names.map((name) => made("option", { value: name, text: name }));
    this.recipe.replaceChildren(made("option", { value: "", text: "our own" }), ...recipes);
    for (const part of [this.recipe, this.recipe.labels[0]!]) part.hidden = names.length === 0;
  }

  private offerQualities({ draft, steps, finest, recipes = {} }: Defaults): void {
    const published = recipes[this.recipe.value];
    const qualities = published === undefined ? { draft, usual: steps, finest } : { published };
    this.quality.replaceChildren(
      ...Object.entries(qualities).map(([name, count]) => made("option", { value: String(count), text: `${name}, ${count} steps` })),
    );
    this.quality.value = String(published ?? steps);
  }

  private showValues(): void {
    element("strength-value", HTMLOutputElement).value = `${this.strength.value} %`;
    const scale = 2 ** Number(this.stroke.value);
    element("stroke-value", HTMLOutputElement).value = `× ${scale < 1 ? scale.toFixed(2) : scale.toFixed(1)}`;
  }
}
