import type { PaintingSettings } from "../engine/painting";
import type { Progress } from "../engine/messages";
import type { Chosen } from "./decode";
import { checkedSettings } from "./embeddedSettings";

/** What an embedding page sends: pictures as files, and perhaps some of the settings. */
interface Asked {
  readonly type: "nst-onnx:paint";
  readonly id: string | number;
  readonly photo: Blob;
  readonly paintings: readonly Blob[];
  readonly settings?: unknown;
}

/** Paints, and returns a PNG; nothing where it was cancelled. */
type Paint = (
  photo: Chosen,
  paintings: readonly Chosen[],
  settings: Partial<PaintingSettings>,
  onProgress: (progress: Progress) => void,
) => Promise<Blob | undefined>;

/**
 * Answer pages that embed this one: two pictures in, one out, by postMessage. docs/web.md documents it.
 *
 * `largest`: the largest size that may be asked for, in pixels.
 */
export function answerEmbedders(paint: Paint, largest: number): void {
  if (window.parent === window) return;
  window.addEventListener("message", (event: MessageEvent<unknown>) => {
    const { source, data } = event;
    if (source !== window.parent || !isAsked(data)) return;
    // A sandboxed page and one of a local file have no origin that could be named.
    const origin = event.origin === "null" ? "*" : event.origin;
    const reply = (message: object): void => { window.parent.postMessage({ id: data.id, ...message }, origin); };
    answered(data, paint, largest, reply).catch((error: unknown) => {
      reply({ type: "nst-onnx:error", message: error instanceof Error ? error.message : String(error) });
    });
  });
  window.parent.postMessage({ type: "nst-onnx:ready" }, "*"); // says nothing but that
}

async function answered(asked: Asked, paint: Paint, largest: number, reply: (message: object) => void): Promise<void> {
  const settings = checkedSettings(asked.settings, largest);
  const photo = { file: asked.photo, name: "The photo", url: "" };
  const paintings = asked.paintings.map((file) => ({ file, name: "The painting", url: "" }));
  const painted = await paint(photo, paintings, settings, (progress) => {
    reply({ type: "nst-onnx:progress", ...progress });
  });
  if (painted) reply({ type: "nst-onnx:done", picture: painted });
  else reply({ type: "nst-onnx:error", message: "The painting was cancelled." });
}

function isAsked(data: unknown): data is Asked {
  if (typeof data !== "object" || data === null) return false;
  const asked = data as Partial<Asked>;
  return (
    asked.type === "nst-onnx:paint" &&
    asked.photo instanceof Blob &&
    Array.isArray(asked.paintings) &&
    asked.paintings.length > 0 &&
    asked.paintings.every((painting: unknown) => painting instanceof Blob)
  );
}
