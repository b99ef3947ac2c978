import { transferLuminance } from "../picture/luminance";
import { fit, type Picture, type Shape } from "../picture/picture";
import { resize } from "../picture/resize";
import type { Backend } from "./backend";
import type { AnyDescent } from "./descent";
import { Objective, type LossSettings } from "./objective";
import { isFine, shapesWithFine, shares } from "./pyramid";

/**
 * How a picture is painted. `size`: its longest side. `keepColours`: only the lightness is the painting's.
 * `keepFrame`: a painting's border counts, too. `preset`: a published recipe, which only the package paints by.
 */
export interface PaintingSettings extends LossSettings {
  readonly size: number;
  readonly steps: number;
  readonly keepColours: boolean;
  readonly keepFrame: boolean;
  readonly preset?: string;
}

/** The state after an evaluation. `picture` renders it as it would be finished, at the level's size. */
export interface Step {
  readonly level: number;
  readonly levels: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  picture(): Promise<Picture>;
}

/** One painting: coarse to fine from the photo, as the package's preset `default`. */
export class Painting {
  private readonly levels: Shape[];
  private readonly budgets: number[];
  private descent: AnyDescent | undefined; // of the level that is painted now

  constructor(
    private readonly backend: Backend,
    private readonly photo: Picture,
    private readonly paintings: readonly Picture[],
    private readonly settings: PaintingSettings,
  ) {
    const { pyramid, fine } = backend.models.constants;
    const final = fit(photo, settings.size);
    const all = shapesWithFine(final, pyramid, fine);
    this.levels = all.slice(-settings.steps);
    this.budgets = shares(settings.steps, this.levels, pyramid, isFine(final, fine) ? fine.share : 1);
  }

  /** Paint; yield after every evaluation. Breaking out of the loop keeps what there is for `result`. */
  async *steps(): AsyncGenerator<Step> {
    let done = 0;
    for (const [level, shape] of this.levels.entries()) {
      const descent = await this.enter(level, shape);
      while (descent.count < this.budgets[level]!) {
        await descent.advance();
        done += 1;
        if (await descent.onPlateau()) this.budgets[level] = descent.count;
        yield {
          level,
          levels: this.levels.length,
          step: done,
          steps: this.budgets.reduce((a, b) => a + b, 0),
          loss: descent.loss,
          picture: async (): Promise<Picture> => this.finished(await descent.picture()),
        };
      }
    }
  }

  /** Return the best picture so far at the final size, with the photo's opacity. */
  async result(): Promise<Picture> {
    const final = this.levels.at(-1)!;
    const picture = this.descent ? await this.descent.picture() : this.photo;
    const finished = this.finished(picture.height === final.height ? picture : resize(picture, final));
    return this.photo.alpha ? { ...finished, alpha: resize(this.photo, final).alpha } : finished;
  }

  /** Release what it holds: it must not be used any more. */
  close(): void {
    this.descent?.close();
    this.descent = undefined;
  }

  /** Prepare a level: the objective at its size, and a descent from the picture so far. */
  private async enter(level: number, shape: Shape): Promise<AnyDescent> {
    const { backend, descent: before } = this;
    const { fine, preset } = backend.models.constants;
    // Only a finished picture above that size has fine levels.
    const kind = isFine(this.levels.at(-1)!, fine) && isFine(shape, fine) ? "fine" : "usual";
    const objective = await Objective.at(backend.models, this.photo, this.paintings, shape, this.settings, kind);
    const coarse = await before?.picture();
    let start = coarse ? resize(coarse, shape) : objective.content;
    // At strength 1 the photo does not count.
    const share = this.settings.strength < 1 ? (kind === "fine" ? fine.detail : preset.detail) : 0;
    if (coarse && share) start = withDetail(start, objective.content, coarse, share);
    const descent = backend.descent(objective, start, this.budgets[level]!, before?.estimate());
    before?.close();
    this.descent = descent;
    return descent;
  }

  private finished(picture: Picture): Picture {
    if (!this.settings.keepColours) return picture;
    return transferLuminance(picture, resize(this.photo, picture), this.backend.models.constants.oklab);
  }
}

/** Return an enlarged picture with a share of what the photo, of the same size, loses at the size of `coarse`. */
function withDetail(enlarged: Picture, photo: Picture, coarse: Shape, share: number): Picture {
  const blurred = resize(resize(photo, coarse), photo).data;
  const data = enlarged.data.map((value, i) => value + share * (photo.data[i]! - blurred[i]!));
  return { ...enlarged, data };
}
