import { fit, type Pixels } from "../picture/picture";

/** A picture that was chosen: its file, its name, and how it is shown. */
export interface Chosen {
  readonly file: Blob;
  readonly name: string;
  readonly url: string;
}

/** Return a picture's pixels, reduced to `longest` pixels; turned as its camera says, in sRGB. */
export async function decoded({ file, name }: Chosen, longest: number): Promise<Pixels> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch (error) {
    throw new Error(`${name} is no picture that this browser reads: save it as JPEG or PNG.`, { cause: error });
  }
  try {
    const whole = { height: bitmap.height, width: bitmap.width };
    const shape = Math.max(whole.height, whole.width) > longest ? fit(whole, longest) : whole;
    const canvas = new OffscreenCanvas(shape.width, shape.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new Error("This browser gives no canvas: close other tabs, or try another browser.");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, shape.width, shape.height);
    const data = context.getImageData(0, 0, shape.width, shape.height).data;
    return { ...shape, data: data };
  } finally {
    bitmap.close();
  }
}

/** Return a picture file of pixels. `type`: image/png or image/jpeg. */
export async function encoded(pixels: Pixels, type: string): Promise<Blob> {
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser gives no canvas: close other tabs, or try another browser.");
  context.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0);
  if (type === "image/jpeg") {
    context.globalCompositeOperation = "destination-over"; // JPEG has no opacity
    context.fillStyle = "white";
    context.fillRect(0, 0, pixels.width, pixels.height);
  }
  return canvas.convertToBlob({ type, quality: 0.95 });
}
