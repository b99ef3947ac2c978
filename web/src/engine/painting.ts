import { transferLuminance } from "../picture/luminance";
import { fit, type Picture, type Shape } from "../picture/picture";
import { resize } from "../picture/resize";
import { Descent } from "./descent";
import type { Models } from "./models";
import { Objective, type LossSettings } from "./objective";
import { shapes, shares } from "./pyramid";

/** How a picture is painted. `size`: its longest side. `keepColours`: only the lightness is the painting's. */
export interface PaintingSettings extends LossSettings {
  readonly size: number;
  readonly steps: number;
  readonly keepColours: boolean;
}

/** The state after an evaluation. `picture` renders it as it would be finished, at the level's size. */
export interface Step {
  readonly level: number;
  readonly levels: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  picture(): Picture;
}

/** One painting: coarse to fine from the photo, as the package's preset `default`. */
export class Painting {
  private readonly levels: Shape[];
  private readonly budgets: number[];
  private latest: Picture | undefined;

  constructor(
    private readonly models: Models,
    private readonly photo: Picture,
    private readonly paintings: readonly Picture[],
    private readonly settings: PaintingSettings,
  ) {
    const all = shapes(fit(photo, settings.size), models.constants.pyramid);
    this.levels = all.slice(-settings.steps);
    this.budgets = shares(settings.steps, this.levels.length);
  }

  /** Paint; yield after every evaluation. Breaking out of the loop keeps what there is for `result`. */
  async *steps(): AsyncGenerator<Step> {
    let before: Descent | undefined;
    let done = 0;
    for (const [level, shape] of this.levels.entries()) {
      const objective = await Objective.at(this.models, this.photo, this.paintings, shape, this.settings);
      const start = before === undefined ? objective.content : resize(before.picture(), shape);
      const budget = this.budgets[level]!;
      const descent = new Descent(objective, start, this.models.constants, budget, before?.estimate());
      while (descent.count < budget) {
        await descent.advance();
        this.latest = descent.picture();
        done += 1;
        if (descent.onPlateau()) this.budgets[level] = descent.count;
        yield {
          level,
          levels: this.levels.length,
          step: done,
          steps: this.budgets.reduce((a, b) => a + b, 0),
          loss: descent.loss,
          picture: (): Picture => this.finished(descent.picture()),
        };
        if (this.budgets[level] === descent.count) break;
      }
      before = descent;
    }
  }

  /** Return the best picture so far at the final size, with the photo's opacity. */
  result(): Picture {
    const final = this.levels.at(-1)!;
    const picture = this.latest ?? this.photo;
    const finished = this.finished(picture.height === final.height ? picture : resize(picture, final));
    return this.photo.alpha ? { ...finished, alpha: resize(this.photo, final).alpha } : finished;
  }

  private finished(picture: Picture): Picture {
    if (!this.settings.keepColours) return picture;
    return transferLuminance(picture, resize(this.photo, picture), this.models.constants.oklab);
  }
}
