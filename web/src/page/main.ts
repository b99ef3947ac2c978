import { paintings, photos } from "virtual:samples";
import { checked, type Constants } from "../engine/constants";
import { fetched } from "../engine/fetching";
import { BrowserEngine } from "./browserEngine";
import { Controls } from "./controls";
import { element } from "./dom";
import { answerEmbedders } from "./embed";
import type { Engine } from "./engine";
import { NativeEngine } from "./nativeEngine";
import { registerServiceWorker } from "./serviceWorker";
import { Slot } from "./slot";
import { Studio } from "./studio";
import { missing } from "./support";

const MOST_PHOTOS = 24;
const MOST_PAINTINGS = 6;

async function start(): Promise<void> {
  const native = document.documentElement.dataset["engine"] === "native";
  const lacking = native ? undefined : missing();
  if (lacking !== undefined) {
    showMessage(lacking);
    return;
  }
  const engine: Engine = native ? new NativeEngine() : new BrowserEngine();
  const json = await fetched("models/constants.json");
  const { preset, options, qualities } = checked(JSON.parse(new TextDecoder().decode(json)) as Constants);
  const photoSlot = new Slot(element("photo", HTMLFieldSetElement), MOST_PHOTOS, photos);
  const paintingSlot = new Slot(element("paintings", HTMLFieldSetElement), MOST_PAINTINGS, paintings);
  const controls = new Controls({ ...preset, ...options, qualities }, engine.largest);
  const studio = new Studio(engine, photoSlot, paintingSlot, controls);
  acceptPastes(photoSlot, paintingSlot);
  element("engine", HTMLParagraphElement).textContent = engine.description;
  if (!native) {
    answerEmbedders((...job) => studio.paintFor(...job));
    void registerServiceWorker(() => studio.untouched);
  }
  engine.open().then(
    () => { element("engine", HTMLParagraphElement).textContent = engine.description; },
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
