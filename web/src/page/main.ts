import { paintings, photos } from "virtual:samples";
import { Controls } from "./controls";
import { element } from "./dom";
import { answerEmbedders } from "./embed";
import type { Engine } from "./engine";
import { registerServiceWorker } from "./serviceWorker";
import { Slot } from "./slot";
import { Studio } from "./studio";
import { missing } from "./support";

const MOST_PHOTOS = 24;
const MOST_PAINTINGS = 6;

/** The package's engine where `nst-onnx app` serves the page; else the browser's. */
async function newEngine(onChange: (engine: Engine) => void): Promise<Engine> {
  if (__APP__) return new (await import("./nativeEngine")).NativeEngine();
  const { BrowserEngine } = await import("./browserEngine");
  const engine: Engine = new BrowserEngine(() => { onChange(engine); });
  return engine;
}

function describe(engine: Engine): void {
  element("engine", HTMLParagraphElement).textContent = engine.description;
}

async function start(): Promise<void> {
  const lacking = __APP__ ? undefined : missing();
  if (lacking !== undefined) {
    showMessage(lacking);
    return;
  }
  const engine = await newEngine(describe);
  const defaults = await engine.defaults();
  const blend = element("blend", HTMLInputElement);
  const photoSlot = new Slot(element("photo", HTMLFieldSetElement), MOST_PHOTOS, () => false, photos);
  const paintingSlot = new Slot(element("paintings", HTMLFieldSetElement), MOST_PAINTINGS, () => blend.checked, paintings);
  const studio = new Studio(engine, photoSlot, paintingSlot, new Controls(defaults));
  acceptPastes(photoSlot, paintingSlot);
  describe(engine);
  if (!__APP__) {
    answerEmbedders((...job) => studio.paintFor(...job), defaults.largest);
    void registerServiceWorker(() => studio.untouched);
  }
  engine.open().then(
    () => { describe(engine); },
    (error: unknown) => { studio.complain(error instanceof Error ? error.message : String(error)); },
  );
  document.documentElement.dataset["ready"] = "yes";
}

/** A pasted picture is the photo while there is none, then a painting. */
function acceptPastes(photoSlot: Slot, paintingSlot: Slot): void {
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    (photoSlot.pictures.length === 0 ? photoSlot : paintingSlot).addFiles(files);
  });
}

function showMessage(sentence: string): void {
  const place = element("message", HTMLParagraphElement);
  place.textContent = sentence;
  place.hidden = false;
}

start().catch((error: unknown) => { showMessage(error instanceof Error ? error.message : String(error)); });
