/**
 * The engine under Node, for tests/test_web_engine.py and benchmarks/web.py.
 *
 * `node harness.js FOLDER JOB`: FOLDER has the files of `nst-onnx export web`; JOB is a JSON file with what to do, and
 * the answer is a JSON object on standard output. Pictures are files of raw float32, 3×H×W.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { HostBackend } from "../src/engine/backend";
import { checked, type Constants, type Level } from "../src/engine/constants";
import { Models } from "../src/engine/models";
import { Objective } from "../src/engine/objective";
import { onePass } from "../src/engine/onePass";
import { Painting, type PaintingSettings } from "../src/engine/painting";
import { transferLuminance } from "../src/picture/luminance";
import { unframed } from "../src/picture/frame";
import type { Picture, Shape } from "../src/picture/picture";
import { resize } from "../src/picture/resize";

/** `alpha`: a file of opacity, H×W. */
interface PictureFile extends Shape {
  readonly file: string;
  readonly alpha?: string;
}

interface Job {
  readonly kind: "evaluate" | "descend" | "paint" | "onePass" | "resize" | "luminance" | "unframed";
  readonly content: PictureFile;
  readonly styles: readonly PictureFile[];
  readonly settings: PaintingSettings;
  readonly shape: Shape;
  readonly level: Level;
  readonly output: string;
  readonly threads: number;
  readonly repeat: number;
}

const [folder = "", jobFile = ""] = process.argv.slice(2);
const job = JSON.parse(readFileSync(jobFile, "utf8")) as Job;
ort.env.wasm.numThreads = job.threads;
const read = (name: string): Promise<Uint8Array> => Promise.resolve(new Uint8Array(readFileSync(join(folder, name))));
const constants = checked(JSON.parse(readFileSync(join(folder, "constants.json"), "utf8")) as Constants);
const models = new Models(ort, constants, read);
const backend = new HostBackend(models);
const content = picture(job.content);
const styles = unframed(job.styles.map(picture), job.settings.keepFrame, constants.frame);

function picture({ file, alpha, height, width }: PictureFile): Picture {
  const found = { height, width, data: floats(file) };
  return alpha === undefined ? found : { ...found, alpha: floats(alpha) };
}

function floats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function save(data: Float32Array): void {
  writeFileSync(job.output, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
}

async function evaluate(): Promise<object> {
  const objective = await Objective.at(models, content, styles, job.shape, job.settings, job.level);
  const seconds: number[] = [];
  let found = await objective.evaluate(objective.content.data);
  for (let i = 0; i < job.repeat; i++) {
    const begun = performance.now();
    found = await objective.evaluate(objective.content.data);
    seconds.push((performance.now() - begun) / 1000);
  }
  save(found.gradient);
  return { losses: [...found.losses], coefficients: [...objective.coefficients], seconds };
}

async function descend(): Promise<object> {
  const objective = await Objective.at(models, content, styles, job.shape, job.settings);
  const descent = backend.descent(objective, objective.content, job.settings.steps);
  const losses = [];
  const pruned = [];
  while (descent.count < job.settings.steps) {
    await descent.advance();
    losses.push(descent.loss);
    pruned.push(objective.pruned.length);
  }
  save((await descent.picture()).data);
  return { losses, pruned };
}

async function paint(): Promise<object> {
  const memory: number[] = [];
  const begun = performance.now();
  let result: Picture | undefined;
  let losses: number[] = [];
  for (let i = 0; i < Math.max(job.repeat, 1); i++) {
    const painting = new Painting(backend, content, styles, job.settings);
    losses = [];
    for await (const step of painting.steps()) losses.push(step.loss);
    result = await painting.result();
    painting.close();
    memory.push(process.memoryUsage().rss);
  }
  save(result!.data);
  return { losses, memory, seconds: (performance.now() - begun) / 1000, height: result!.height, width: result!.width };
}

async function inOnePass(): Promise<object> {
  const found = await onePass(models, content, styles, job.settings.size, job.settings);
  save(found!.data);
  return { height: found!.height, width: found!.width };
}

const kinds: Record<Job["kind"], () => Promise<object>> = {
  evaluate,
  descend,
  paint,
  onePass: inOnePass,
  resize: () => {
    save(resize(content, job.shape).data);
    return Promise.resolve({});
  },
  unframed: () => {
    save(styles[0]!.data);
    return Promise.resolve({ height: styles[0]!.height, width: styles[0]!.width });
  },
  luminance: () => {
    save(transferLuminance(content, styles[0]!, constants.oklab).data);
    return Promise.resolve({});
  },
};
process.stdout.write(JSON.stringify(await kinds[job.kind]()));
process.exit(0);
