import type { PaintingSettings } from "../engine/painting";

type Name = Exclude<keyof PaintingSettings, "preset">; // the browser has our own method only

interface Rule {
  readonly is: (value: unknown) => boolean;
  readonly says: string;
}

/** Return the settings that another page sent. Throws one sentence about the first that is wrong. */
export function checkedSettings(sent: unknown, largest: number): Partial<PaintingSettings> {
  if (sent === undefined || sent === null) return {};
  if (typeof sent !== "object") throw new Error("The settings must be an object.");
  const rules: Record<Name, Rule> = {
    size: whole(SMALLEST, largest),
    steps: whole(1, MOST_STEPS),
    strength: within(0, 1),
    styleScale: within(FINEST_STROKES, 1 / FINEST_STROKES),
    keepColours: YES_OR_NO,
    keepFrame: YES_OR_NO,
  };
  const given = Object.entries(sent).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!Object.hasOwn(rules, name)) throw new Error(`There is no setting ${name.slice(0, LONGEST)}.`);
    const { is, says } = rules[name as Name];
    if (!is(value)) throw new Error(`The setting ${name} must be ${says}.`);
  }
  return Object.fromEntries(given);
}

const YES_OR_NO: Rule = { is: (value) => typeof value === "boolean", says: "true or false" };
const SMALLEST = 64; // pixels
const MOST_STEPS = 10_000;
const FINEST_STROKES = 1 / 8;
const LONGEST = 40; // characters of a name in a message

function within(least: number, most: number): Rule {
  return { is: (value) => typeof value === "number" && value >= least && value <= most, says: `a number from ${least} to ${most}` };
}

function whole(least: number, most: number): Rule {
  const { is } = within(least, most);
  return { is: (value) => Number.isInteger(value) && is(value), says: `a whole number from ${least} to ${most}` };
}
