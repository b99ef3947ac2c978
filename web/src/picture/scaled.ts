import type { Picture, Shape } from "./picture";
import { resize } from "./resize";

const VISIBLE = 1 / 512; // opacity: below, a pixel's own colour is not known

/**
 * Return a picture's colours and opacity at another size. In transparent areas the mean visible colour replaces
 * whatever the file holds there: `nst_onnx/objective/targets.py`. Throws where nothing can be seen.
 */
export function scaled(picture: Picture, shape: Shape): Picture {
  const { alpha } = picture;
  if (alpha === undefined) return resize(picture, shape);
  const size = picture.height * picture.width;
  const data = new Float32Array(3 * size);
  const sums = [0, 0, 0];
  let visible = 0;
  for (let i = 0; i < size; i++) {
    visible += alpha[i]!;
    for (let c = 0; c < 3; c++) {
      const value = alpha[i]! * picture.data[c * size + i]!;
      data[c * size + i] = value;
      sums[c]! += value;
    }
  }
  if (visible === 0) throw new Error("A picture is fully transparent: choose another one.");
  const reduced = resize({ ...picture, data }, shape);
  const here = shape.height * shape.width;
  const shown = reduced.data.map((value, i) => {
    const weight = reduced.alpha![i % here]!;
    return weight > VISIBLE ? Math.min(value / weight, 1) : sums[Math.floor(i / here)]! / visible;
  });
  return { ...reduced, data: shown };
}
