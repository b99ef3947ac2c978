"""Settings of a distillation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nst_onnx.errors import OptionError

from .. import training_state


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`channels` of each layer, or `width` times the teacher's; `last`: the student's last layer.

    `looks`: mean number of steps that use a batch. `rounds`: how often new training pictures are painted with
    the student (`painted_rounds`).
    """

    width: float = 0.375
    channels: tuple[int, ...] = ()
    last: str = "conv3_4"
    steps: int = 20_000
    batch: int = 16
    looks: int = 3
    learning_rate: float = 1.2e-3
    rounds: int = 0
    seed: int = 0
    bfloat16: bool = False
    device: str = "cpu"

    def check(self) -> None:
        """Raise OptionError or DeviceError where a setting is invalid."""
        if not 0 < self.width <= 1:
            raise OptionError(f"--width must be above 0 and at most 1, not {self.width:g}")
        if min(self.steps, self.batch, self.looks) < 1 or not 0 < self.learning_rate < math.inf:
            raise OptionError("--steps, --batch, --looks and --learning-rate must be positive")
        if not 0 <= self.rounds < self.steps:
            raise OptionError("--rounds must be fewer than --steps, and none below 0")
        training_state.check_device(self.device)

    def round_of(self, step: int) -> int:
        """Return the round of a step, of `rounds` + 1 rounds of equal length."""
        return step * (self.rounds + 1) // self.steps

    def opens_round(self, step: int) -> bool:
        """Return whether the step is the first of a round."""
        return step == 0 or self.round_of(step) > self.round_of(step - 1)
