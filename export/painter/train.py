"""Training of the painter: batches of photos, each with a painting's statistics and a strength."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from nst_onnx.errors import OptionError
from nst_onnx.support.arrays import Array

from .. import training_state
from ..distil.pictures import Pixels
from .architecture import MULTIPLE, NOISE, Architecture
from .loss import LossNetwork, distances
from .network import Painter
from .styles import Styles

WARM_UP = 200
LOWEST = 0.01
CONTENT = 0.4
"""Weight of the content distance at strength 0.5."""
SPAN = 6.0
"""How many times that weight grows from strength 0.5 to 0, and shrinks from 0.5 to 1."""
_MEASURED = 256
"""Number of variants that standardise the statistics."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`styles`: number of variants of the paintings. `crop`: side of a photo's crop in pixels.

    `every`: the second loss network takes one step in so many.
    """

    steps: int = 16_000
    batch: int = 4
    crop: int = 256
    styles: int = 2500
    learning_rate: float = 2e-3
    seed: int = 0
    bfloat16: bool = False
    every: int = 2
    device: str = "cpu"
    architecture: Architecture = field(default_factory=Architecture)

    def check(self) -> None:
        """Raise OptionError or DeviceError where a setting is invalid."""
        if self.crop % MULTIPLE:
            raise OptionError(f"--crop must be a multiple of {MULTIPLE}, not {self.crop}")
        if not 0 < self.learning_rate < math.inf:
            raise OptionError("--learning-rate must be positive")
        training_state.check_device(self.device)


@dataclass(frozen=True)
class Saved:
    """Where a training's checkpoint lies, and after how many steps it is written again."""

    path: Path
    every: int = 500


def content_weight(strength: torch.Tensor) -> torch.Tensor:
    """Return the weight of the content distance at a strength in 0..1."""
    return CONTENT * SPAN ** (1 - 2 * strength)


def train(
    photos: Sequence[Pixels],
    paintings: Sequence[Pixels],
    networks: Sequence[LossNetwork],
    settings: Settings,
    *,
    start: Mapping[str, Array] | None = None,
    saved: Saved | None = None,
    report: Callable[[int, Mapping[str, float]], None] = lambda step, found: None,
    on_resume: Callable[[int], None] = lambda step: None,
) -> Painter:
    """Train a painter against one or two loss networks; the predictor reads the first one's statistics.

    `start`: weights to begin with, as `initial_weights.read` returns them. The checkpoint of `saved` is
    written at the end, too. Where it exists, the run resumes from it, on the CPU with the same result as an
    uninterrupted one. `report` is called after each step with running averages. Raises
    OptionError where the training diverges, or the checkpoint is of another run.
    """
    styles = Styles(paintings, networks, settings.styles, settings.seed)
    statistics = sum(2 * network_channels for network_channels in _channels(networks[0]))
    painter: Painter = Painter(settings.architecture, statistics, seed=settings.seed).to(settings.device)
    optimiser = torch.optim.Adam(painter.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99))
    step = 0
    run = {**asdict(settings), "start": None if start is None else _digest(start)}
    if saved is not None and saved.path.exists():
        state = training_state.read(saved.path, run, {"step", "painter", "optimiser"})
        painter.load_state_dict(state["painter"])
        optimiser.load_state_dict(state["optimiser"])
        step = int(state["step"])
        on_resume(step)
    elif start is not None:
        painter.load(start)
    else:
        _standardise(painter, styles)
    average: dict[str, float] = {}
    while step < settings.steps:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, settings)
        rng = np.random.default_rng([settings.seed, 1, step])
        crops = torch.from_numpy(np.stack([_crop(photos, settings.crop, rng) for _ in range(settings.batch)]))
        drawn = styles.sample(rng, settings.batch)
        shape = settings.batch, NOISE, settings.crop, settings.crop
        noise = torch.from_numpy(rng.random(shape, np.float32) - np.float32(0.5)).to(settings.device)
        strength = torch.from_numpy(rng.random(settings.batch).astype(np.float32)).to(settings.device)
        which = len(networks) - 1 if step % settings.every == settings.every - 1 else 0  # the second, if any
        crops = crops.to(settings.device).contiguous(memory_format=torch.channels_last)
        style = painter.predict(torch.cat([one.numbers() for one in drawn[0]], 1), strength)
        kind = torch.device(settings.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=settings.bfloat16):
            pictures = painter.paint(crops, noise, style)
            style_distance, content = distances(networks[which], pictures, crops, drawn[which])
        outside = (pictures - pictures.clamp(0, 1)).square().mean((1, 2, 3))
        loss = (style_distance + content_weight(strength) * content + 10 * outside).mean()
        if not math.isfinite(loss.item()):
            raise OptionError(f"the training diverged at step {step}", "choose a lower --learning-rate")
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(painter.parameters(), 5.0)
        optimiser.step()
        step += 1
        for name, value in {
            f"style{which}": style_distance.mean(),
            f"content{which}": content.mean(),
        }.items():
            average[name] = 0.98 * average.get(name, value.item()) + 0.02 * value.item()
        report(step, average)
        if saved is not None and (step % saved.every == 0 or step == settings.steps):
            parts = {"painter": painter.state_dict(), "optimiser": optimiser.state_dict()}
            training_state.write(saved.path, {"settings": run, "step": step, **parts})
    return painter


def learning_rate(step: int, settings: Settings) -> float:
    """Return the learning rate of a step: linear warm-up, then cosine decay."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * min(1.0, (step + 1) / WARM_UP) * (LOWEST + (1 - LOWEST) * cosine)


def _digest(weights: Mapping[str, Array]) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode() + weights[name].tobytes())
    return digest.hexdigest()


def _channels(network: LossNetwork) -> list[int]:
    return [network.layers[name][0].shape[0] for name in network.style]


def _standardise(painter: Painter, styles: Styles) -> None:
    rng = np.random.default_rng([styles.seed, 2])
    numbers = torch.cat([one.numbers() for one in styles.sample(rng, _MEASURED)[0]], 1)
    painter.centre.copy_(numbers.mean(0))
    painter.spread.copy_(numbers.std(0).clamp(min=1e-3 * float(numbers.std())))


def _crop(photos: Sequence[Pixels], side: int, rng: np.random.Generator) -> np.ndarray:
    pixels = photos[int(rng.integers(len(photos)))]
    height, width = pixels.shape[:2]
    size = round(min(height, width) * rng.uniform(0.5, 1))
    top, left = rng.integers(height - size + 1), rng.integers(width - size + 1)
    cut = Image.fromarray(pixels[top : top + size, left : left + size])
    found = np.asarray(cut.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2)) / np.float32(255)
    found = found[:, ::-1] if rng.random() < 0.5 else found
    return np.ascontiguousarray(found.transpose(2, 0, 1), np.float32)
