"""One stylisation: level by level, evaluation by evaluation. All that a checkpoint must hold is here."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.objective import Objective, shape_of
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.team import Team
from nst_onnx.optim import Average
from nst_onnx.optim.optimiser import State
from nst_onnx.painting import initial_picture, presets, pyramid, term_pruning
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.descent import begin, learnt, pairs
from nst_onnx.painting.flat_objective import HostLandscape, Landscape, landscape, to_picture, to_vector
from nst_onnx.painting.options import LossOptions, Options
from nst_onnx.painting.result import Result
from nst_onnx.painting.term_pruning import Thrift
from nst_onnx.painting.term_weights import term_weights
from nst_onnx.picture import Picture, read, resize
from nst_onnx.picture.colour import transfer_luminance
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory
from nst_onnx.version import __version__

_STILL_AFTER = 10  # evaluations
_PREPARATION = 1.5  # of a level: its targets cost as much as so many evaluations
_VECTORS = 12  # of an optimiser and of the painting, beside the pairs


class Painting:
    """A picture being painted. `advance` yields after every evaluation; all state lives in attributes."""

    def __init__(
        self,
        network: Network,
        content: Picture,
        styles: Sequence[Picture],
        options: Options,
        held_to: Temporal | None = None,
        team: Team | None = None,
    ) -> None:
        self.network, self.content, self.styles, self.options = network, content, styles, options
        self._held_to, self._team = held_to, team
        self.preset, self.memory = presets.find(options.preset), Memory.of(options.max_memory)
        final = shape_of(content, options.size or self.preset.size)
        coarse_to_fine = self.preset.pyramid if options.pyramid is None else options.pyramid
        steps = options.steps or self.preset.steps
        self.shapes = pyramid.shapes(final)[-steps:] if coarse_to_fine else [final]
        self.steps = steps
        self.budgets = pyramid.shares(steps, self.shapes)
        self.init = self._init_picture()
        self._weights = term_weights(options, self.preset, network)
        self.level, self.count, self.iteration, self.seconds = 0, 0, 0, 0.0
        self._before = 0.0, 0.0  # seconds and work, of the runs that this one goes on from
        self.history: list[dict[str, Any]] = []
        self.losses: dict[str, float] = {}
        self.best_losses: dict[str, float] = {}
        self._timed: list[tuple[float, float]] = []
        self.best: Any = None  # a vector, wherever the optimiser's are
        self.best_loss = np.inf
        self._learnt: State = {}  # by the level before
        self._resumed: Checkpoint | None = None
        self._objective: Objective | None = None

    # ---- painting

    def advance(self) -> Iterator[None]:
        """Evaluate once, move on, yield; until the last level's budget or the time is spent."""
        begun = time.monotonic() - self.seconds
        self._before = self.seconds, self._done() if self.iteration else 0.0
        try:
            while True:
                self._enter()
                while self.count < self.budgets[self.level] and not self._out_of_time():
                    self._evaluate()
                    self.seconds = time.monotonic() - begun
                    self._timed.append((self.seconds, self._done()))
                    self.history.append(self._record())
                    self._look_whether_still()
                    yield
                if self.level + 1 == len(self.shapes) or self._time_is_up():
                    return
                self._learnt = learnt(self._optimiser)
                self.budgets[self.level] = self.count  # perhaps for want of time: it does not come back
                self.level, self.count = self.level + 1, 0
        finally:
            self._leave()  # what failed for want of memory can then be saved

    def _enter(self) -> None:
        """Prepare a level: targets at its size, and an optimiser that sets out from the picture so far."""
        shape = self.shapes[self.level]
        size = {"size": (shape[1], shape[0])}
        chosen: dict[str, Any] = {name: self.options.values()[name] for name in LossOptions.table()} | size
        self._leave()
        self._objective = Objective(
            self.content,
            self.styles,
            model=self.network,
            held_to=self._held_to,
            team=self._team,
            **chosen,
        )
        picture = self._beginning(shape) if self.best is None else self._resized(self.picture(), shape)
        # The optimiser may not fit into memory: all changes after it.
        kind, evaluations = self.options.optimiser or self.preset.optimiser, self.budgets[self.level]
        state = _VECTORS + 2 * pairs(kind, self.preset, evaluations)
        fits = self.memory.holds_state(state * 12 * shape[0] * shape[1])
        self._on_disk = self._objective.sharded is not None or not fits
        stays = kind != "adam" and not self._averaging  # these two are on the host
        ground: Landscape = (landscape if stays else HostLandscape)(self._objective, on_disk=self._on_disk)
        vector = to_vector(picture, on_disk=self._on_disk)
        if self._resumed is not None and "optimiser/x" not in self._resumed.arrays:
            vector = self._resumed.arrays["best"]
        rate = self.options.learning_rate
        optimiser = begin(
            kind, self.preset, vector, ground, rate, evaluations=evaluations, before=self._learnt
        )
        self._shape, self._optimiser, self._landscape = shape, optimiser, ground
        thrifty = kind == "preconditioned" and term_pruning.possible(
            self._objective
        )  # the others are published
        self._thrift = Thrift(self._objective, ground, evaluations) if thrifty else None
        self._average = Average(self._averaging)
        self.best, self.best_loss = optimiser.x, np.inf
        self._earlier = optimiser.x
        if self._resumed is not None:
            self._restore(self._resumed)
            self._resumed = None

    def _leave(self) -> None:
        """Free a level's buffers; the picture painted so far stays."""
        if self._objective is not None:
            self._objective.close()
        self._objective = None

    def _resized(self, picture: Array, shape: tuple[int, int]) -> Array:
        return resize(picture, shape, out=self.memory.empty((*shape, 3)))

    def _evaluate(self) -> None:
        assert self._objective is not None
        x = self._optimiser.x
        terms, gradient = self._landscape(x)
        self.losses = self._objective.named(terms)
        improved = self.losses["total"] < self.best_loss
        if improved and self._thrift is not None and self._thrift.due(self.count, terms, gradient):
            terms, gradient = self._look(x, terms, gradient)
            self.losses = self._objective.named(terms)
        loss = self.losses["total"]
        if not np.isfinite(loss) and self.best_loss == np.inf:
            raise ModelError(
                "the loss is not a number", "the model's weights or the options are out of range"
            )
        self.current = x
        if improved:
            self.best, self.best_loss, self.best_losses = x, loss, self.losses
        if self._averaging:
            self._average.add(x)
        self._optimiser.tell(loss, gradient)
        self.count, self.iteration = self.count + 1, self.iteration + 1

    def _look(self, x: Any, terms: Array, gradient: Any) -> tuple[Array, Any]:
        """Look what can be left out; its time says nothing of how fast it will go on."""
        assert self._thrift is not None
        begun = time.monotonic()
        terms, gradient = self._thrift.look(self.count, x, terms, gradient)
        self._optimiser.forgive()
        taken = time.monotonic() - begun
        self._timed = [(seconds + taken, done) for seconds, done in self._timed]
        return terms, gradient

    def _look_whether_still(self) -> None:
        """End the level where the best picture is hardly another than ten evaluations ago."""
        least = self.preset.min_change if self.options.min_change is None else self.options.min_change
        if not least or self.count % _STILL_AFTER:
            return
        if self.count > _STILL_AFTER and self._landscape.distance(self.best, self._earlier) < least:
            self.budgets[self.level] = self.count
        self._earlier = self.best

    @property
    def _averaging(self) -> float:
        given = self.options.averaging
        return self.preset.averaging if given is None else given

    # ---- where it starts

    def _init_picture(self) -> Picture | None:
        init = self.options.init
        if init is None or (isinstance(init, str) and init in ("content", "noise", "style")):
            return None
        return read(init, what="picture to start from", memory=self.memory)

    def _beginning(self, shape: tuple[int, int]) -> Array:
        """Return the picture to start from, at the first level's size."""
        assert self._objective is not None
        rng = np.random.default_rng(self.options.seed)
        content = self._objective.content_picture
        if self.init is not None:
            return self._resized(self.init.rgb, shape)
        kind = self.options.init or self.preset.start
        if kind == "content":
            return content
        out = self.memory.empty(content.shape)
        if kind == "style":
            styles = [rgb for rgb, _ in self._objective.style_pictures]
            return initial_picture.style_noise(styles, self.options.style_weights, shape, rng, out)
        facts = self.network.extractor.facts
        return initial_picture.noise(self.preset.noise, content, rng, facts.preprocessing, out)

    # ---- time

    def _out_of_time(self) -> bool:
        """Whether this level has had its share of the time; at least one evaluation is always made."""
        limit = self.options.max_seconds
        if limit is None or self.count == 0 or not self._timed:
            return False
        work, (seconds, done) = self._work(), self._before
        return self.seconds - seconds >= limit * (sum(work[: self.level + 1]) - done) / (sum(work) - done)

    def _time_is_up(self) -> bool:
        limit = self.options.max_seconds
        return limit is not None and self.seconds - self._before[0] >= limit

    def _work(self) -> list[float]:
        """Return each level's work: evaluations, and the preparation, × pixels that the network sees.

        On the CPU an evaluation's time is proportional to them within a tenth, from 100 to 512 pixels.
        """
        seen = 2 * self.preset.margin
        return [
            (budget + _PREPARATION) * (height + seen) * (width + seen)
            for budget, (height, width) in zip(self.budgets, self.shapes, strict=True)
        ]

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the evaluations of this run; None after so few that it would be a guess."""
        if len(self._timed) < 2:
            return None
        # The first evaluation also allocates and tunes: what follows it tells the pace.
        (first, before), (now, done) = self._timed[0], self._timed[-1]
        left = (now - first) * (sum(self._work()) - done) / (done - before)
        limit = self.options.max_seconds
        return left if limit is None else max(0.0, min(left, limit + self._before[0] - self.seconds))

    def _done(self) -> float:
        """Return the work done so far, by the plan."""
        work = self._work()
        share = (self.count + _PREPARATION) / (self.budgets[self.level] + _PREPARATION)
        return sum(work[: self.level]) + work[self.level] * share

    # ---- what it looks like

    def picture(self) -> Array:
        """Return the best picture so far at the level's size, H×W×3, values not yet clipped."""
        assert self.best is not None
        vector = self._average.value if self._average.weight else self.best
        return self.picture_of(vector, self._shape)

    def picture_of(self, vector: Any, shape: tuple[int, int]) -> Array:
        """Return the picture H×W×3 of an optimiser's vector."""
        return to_picture(self._landscape.host(vector), shape, on_disk=self._on_disk)

    def finished(self, picture: Array) -> Array:
        """Return a picture as it is shown: within 0..1, and in the content's colours if so wished."""
        shown, colours = self.memory.empty(picture.shape), None
        if self.options.preserve_colour == "luminance":
            colours = self._resized(self.content.rgb, (picture.shape[0], picture.shape[1]))
        for rows in disk_arrays.strips(picture.shape[0], picture[0].nbytes):
            part = np.clip(picture[rows], 0, 1)
            shown[rows] = part if colours is None else transfer_luminance(part, colours[rows])
            disk_arrays.release(shown, picture, *([] if colours is None else [colours]))
        return shown

    def result(self) -> Result:
        """Return the best picture so far, at the final size."""
        picture, final = self.picture(), self.shapes[-1]
        if self._shape != final:
            picture = self._resized(picture, final)
        alpha = self.content.alpha
        if alpha is not None:
            alpha = resize(alpha, final, out=self.memory.empty(final))
        return Result(
            self.finished(picture),
            alpha,
            list(self.history),
            self.settings(),
            self.content.bits,
            dict(self.best_losses),
        )

    def settings(self) -> dict[str, Any]:
        """Return what the picture is made with, fit for JSON: as asked for, and as the preset chose."""
        chosen = {name: self.options.values()[name] for name in Options.table()}
        given = {name: value for name, value in chosen.items() if value is not None}
        if self.init is not None:
            given["init"] = self.init.name
        facts = self.network.extractor.facts
        return {
            "program": f"nst-onnx {__version__}",
            "content": self.content.name,
            "styles": [style.name for style in self.styles],
            "model": facts.name,
            "model_sha256": facts.sha256,
            "preprocessing": asdict(facts.preprocessing),
            "device": str(self.network.device),
            "width": self.shapes[-1][1],
            "height": self.shapes[-1][0],
            "iterations": self.iteration,
            "init": self.options.init or self.preset.start,
            "optimiser": self.options.optimiser or self.preset.optimiser,
            "steps": self.steps,
            "pooling": self.options.pooling or self.preset.pooling,
            "weights": self._weights,
            **given,
        }

    def _record(self) -> dict[str, Any]:
        sums = {name: self.losses[name] for name in ("total", "content", "style", "tv")}
        return {"scale": self.level, "iteration": self.iteration, **sums, "seconds": self.seconds}

    # ---- stopping and going on

    def checkpoint(self) -> Checkpoint:
        """Return all that the rest of the run depends on.

        Of a picture whose optimiser works on disk it holds no more than the best picture so far, from which
        the optimiser sets out anew: to write the many gigabytes of its history would take too long.
        """
        assert self.best is not None
        arrays: dict[str, Any] = {"best": self._landscape.host(self.best)}
        if not self._on_disk:
            arrays = {"best": arrays["best"].copy(), "earlier": self._landscape.host(self._earlier).copy()}
            arrays |= {f"optimiser/{name}": value for name, value in self._optimiser.state().items()}
            if self._average.sum is not None:
                arrays["average"] = self._average.sum.copy()
        facts = {
            "budgets": list(self.budgets),
            "level": self.level,
            "count": self.count,
            "iteration": self.iteration,
            "seconds": self.seconds,
            "best_losses": self.best_losses,
            "average_weight": self._average.weight,
            "thrift": self._thrift and self._thrift.state(),
            "history": self.history,
        }
        return Checkpoint(self.fingerprint(), facts, arrays)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of the same run. Raises OptionError where it belongs to another."""
        if checkpoint.fingerprint != self.fingerprint():
            raise OptionError(
                "the saved state belongs to other pictures, options, another model or version",
                "give the same as then, or start again without it",
            )
        facts = checkpoint.facts
        self.level, self.count, self.iteration = facts["level"], facts["count"], facts["iteration"]
        self.seconds, self.history = facts["seconds"], list(facts["history"])
        self.budgets = list(facts["budgets"])
        self._resumed = checkpoint

    def _restore(self, checkpoint: Checkpoint) -> None:
        arrays = checkpoint.arrays
        self.best_losses = checkpoint.facts["best_losses"]
        self.best_loss = self.best_losses["total"]
        state = {n.partition("/")[2]: a for n, a in arrays.items() if n.startswith("optimiser/")}
        if self._thrift is not None and checkpoint.facts["thrift"] is not None:  # it may have been in tiles
            self._thrift.restore(checkpoint.facts["thrift"])
        if not state:
            return
        self._optimiser.restore(state)
        take = self._landscape.space().take
        self.best, self._earlier = take(arrays["best"]), take(arrays["earlier"])
        self._average.sum, self._average.weight = arrays.get("average"), checkpoint.facts["average_weight"]

    def fingerprint(self) -> str:
        """Return a digest of everything that the result depends on."""
        free = ("iterations", "max_seconds", "max_memory")
        known = {k: v for k, v in self.settings().items() if k not in free}
        digest = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode())
        for picture in (self.content, *self.styles, *([self.init] if self.init else [])):
            digest.update(str(picture.shape).encode())
            for array in (picture.rgb, *([] if picture.alpha is None else [picture.alpha])):
                for rows in disk_arrays.strips(array.shape[0], array[0].nbytes):
                    digest.update(array[rows].tobytes())
                    disk_arrays.release(array)
        return digest.hexdigest()
