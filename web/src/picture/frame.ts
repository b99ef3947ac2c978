import type { FrameConstants, FrameEdge } from "../engine/constants";
import { fit, type Picture } from "./picture";
import { resize } from "./resize";

const SIDES = ["left", "right", "top", "bottom"] as const;
type Name = (typeof SIDES)[number];

/** The depth of a border at each side, in pixels. */
export type Border = Readonly<Record<Name, number>>;

const NONE: Border = { left: 0, right: 0, top: 0, bottom: 0 };

/** Return the border of a painting, as `nst_onnx/picture/frame.py` finds it; undefined where it has none. */
export function border(picture: Picture, constants: FrameConstants): Border | undefined {
  if (picture.alpha !== undefined || Math.min(picture.height, picture.width) < constants.smallest) return undefined;
  const scale = Math.max(picture.height, picture.width) / constants.searched;
  const searched = scale > 1 ? resize(picture, fit(picture, constants.searched)) : picture;
  let found = NONE;
  let nested = 0;
  for (; nested < constants.bands; nested++) {
    const rest = inside(searched, found);
    if (Math.min(rest.height, rest.width) < constants.smallest) break;
    const band = outermost(rest, constants);
    if (isEmpty(band)) break;
    found = mapped((side) => found[side] + band[side]);
  }
  // Border within border to the end: the picture itself has stripes.
  if (isEmpty(found) || nested === constants.bands) return undefined;
  // A line where border and picture mix is the border's.
  return scale > 1 ? mapped((side) => (found[side] ? Math.ceil((found[side] + 1) * scale) : 0)) : found;
}

/** Return paintings without their borders, unless they are kept. */
export function unframed(paintings: readonly Picture[], keep: boolean, constants: FrameConstants): Picture[] {
  return paintings.map((painting) => {
    const found = keep ? undefined : border(painting, constants);
    return found ? inside(painting, found) : painting;
  });
}

/** Return a picture without its border. */
function inside(picture: Picture, { left, right, top, bottom }: Border): Picture {
  const height = picture.height - top - bottom;
  const width = picture.width - left - right;
  const data = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const begin = (c * picture.height + y + top) * picture.width + left;
      data.set(picture.data.subarray(begin, begin + width), (c * height + y) * width);
    }
  }
  return { height, width, data };
}

/** The outermost border of one colour. */
function outermost(picture: Picture, constants: FrameConstants): Border {
  const { usual, ragged, faint } = constants.edges;
  const sides = Object.fromEntries(SIDES.map((side) => [side, new Side(picture, side, constants)])) as Record<Name, Side>;
  const depths = mapped((side) => sides[side].depth(usual) || sides[side].depth(ragged));
  const frame: Partial<Record<Name, number>> = {};
  for (const [one, opposite] of [["left", "right"], ["top", "bottom"]] as const) {
    if (depths[one] && depths[opposite] && sides[one].isLike(sides[opposite])) {
      frame[one] = depths[one];
      frame[opposite] = depths[opposite];
    }
  }
  const framed = Object.keys(frame) as Name[];
  if (framed.length > 0) {
    const [times, more] = constants.faintDepth;
    const deepest = times * Math.max(...Object.values(frame)) + more;
    for (const side of SIDES.filter((one) => !framed.includes(one))) {
      if (!framed.some((other) => sides[side].isLike(sides[other]))) continue;
      const found = sides[side].depth(faint);
      frame[side] = depths[side] || (found <= deepest ? found : 0);
    }
  }
  return mapped((side) => frame[side] || sides[side].plainDepth());
}

/** The outer lines of a picture at one side, outermost first, without the corners. */
class Side {
  private readonly longest: number;
  private readonly count: number; // of lines
  private readonly positions: number;
  private readonly at: (line: number, position: number, colour: number) => number;
  private readonly colour: number[]; // the median of the outermost line
  private readonly distances: Float64Array; // from that colour, line by line

  constructor(picture: Picture, side: Name, private readonly constants: FrameConstants) {
    const { height, width, data } = picture;
    const upright = side === "left" || side === "right";
    const [lines, along] = upright ? [width, height] : [height, width];
    const corner = Math.floor(along / constants.corner);
    this.longest = Math.max(height, width);
    this.count = Math.max(1, Math.trunc(constants.deepest * lines));
    this.positions = along - 2 * corner;
    const reversed = side === "right" || side === "bottom";
    this.at = (line, position, colour): number => {
      const across = reversed ? lines - 1 - line : line;
      const [y, x] = upright ? [position + corner, across] : [across, position + corner];
      return data[(colour * height + y) * width + x]!;
    };
    this.colour = [0, 1, 2].map((c) => median(Array.from({ length: this.positions }, (_, i) => this.at(0, i, c))));
    this.distances = new Float64Array(this.count * this.positions);
    for (let line = 0; line < this.count; line++) {
      for (let i = 0; i < this.positions; i++) {
        const [r, g, b] = [0, 1, 2].map((c) => this.at(line, i, c) - this.colour[c]!) as [number, number, number];
        this.distances[line * this.positions + i] = Math.sqrt(r * r + g * g + b * b);
      }
    }
  }

  /** Return the number of lines of the border, 0 for none. */
  depth(edge: FrameEdge): number {
    const { step, clear } = this.constants;
    const share = Array.from({ length: this.count }, (_, line) => this.share(line, edge.near));
    const begin = share.findIndex((value) => value < edge.even);
    if (begin <= 0) return 0;
    const band = share.slice(begin, begin + 1 + Math.ceil(step * this.longest));
    const least = Math.min(...band);
    if (least > edge.inside) return 0;
    const found = begin + band.findIndex((value) => value <= Math.max(edge.inside / 4, least + clear));
    return found <= edge.deepest * this.longest ? found : 0;
  }

  /** Return the depth of a border as even as a scanner's background, black or white; 0 for none. */
  plainDepth(): number {
    const { black, white, edges } = this.constants;
    const plain = Math.max(...this.colour) < black || Math.min(...this.colour) > white;
    return plain ? this.depth(edges.plain) : 0;
  }

  /** Whether the border's colour may be another side's. */
  isLike(other: Side): boolean {
    return Math.hypot(...this.colour.map((value, c) => value - other.colour[c]!)) < this.constants.alike;
  }

  private share(line: number, near: number): number {
    let count = 0;
    for (let i = 0; i < this.positions; i++) if (this.distances[line * this.positions + i]! < near) count += 1;
    return count / this.positions;
  }
}

function mapped(value: (side: Name) => number): Border {
  return { left: value("left"), right: value("right"), top: value("top"), bottom: value("bottom") };
}

function isEmpty(found: Border): boolean {
  return SIDES.every((side) => found[side] === 0);
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}
