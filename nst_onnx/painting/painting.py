"""One stylisation: the loop over the levels of the pyramid, its result and its checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nst_onnx.errors import OptionError
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.objective import Objective
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.team import Team
from nst_onnx.optim.optimiser import State
from nst_onnx.painting import fine_levels, provenance
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.clock import Clock
from nst_onnx.painting.descent import Descent
from nst_onnx.painting.detail import add_detail
from nst_onnx.painting.finish import Finish
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.options import Options
from nst_onnx.painting.plan import Plan, painted_shape
from nst_onnx.painting.regions.resolve import Regions
from nst_onnx.painting.result import HistoryRow, Result
from nst_onnx.painting.schedule import Schedule
from nst_onnx.painting.step import Step
from nst_onnx.picture import Picture, resize
from nst_onnx.support.arrays import Array
from nst_onnx.support.json_types import JsonObject
from nst_onnx.support.memory import Memory


class Painting:
    """A picture being painted. `advance` yields after every evaluation; checkpoints hold all state."""

    def __init__(
        self,
        network: Network,
        content: Picture,
        styles: Sequence[Picture] | Regions,
        options: Options,
        temporal: Temporal | None = None,
        team: Team | None = None,
        *,
        fine: bool = True,
    ) -> None:
        """`styles`: of the picture, or its regions with theirs. `temporal`: for a frame of a film, the frame
        before. `team`: processes that share large pictures. `fine`: whether there may be fine levels; all
        frames of a film have one objective.

        Raises OptionError where the network lacks a layer; PictureError where `init` cannot be read.
        """
        self.network = network
        shape = painted_shape(content.shape, options, network.device)
        memory = Memory.of(options.max_memory)
        self.inputs = Inputs.of(content, styles, options, memory, shape, network)
        self._temporal, self._team = temporal, team
        self.plan = Plan.of(options, network.extractor, network.device, self.inputs, fine=fine)
        self._finish = Finish(self.plan, self.inputs)
        plan = self.plan
        costs = [fine_levels.COST if plan.is_fine(shape) else 1.0 for shape in plan.shapes]
        self.schedule = Schedule(plan.shapes, plan.budgets, plan.objective.terms.margin, costs)
        self.clock = Clock(self.schedule, self.plan.max_seconds)
        self.iteration = 0
        self.history: list[HistoryRow] = []
        self._objective: Objective | None = None
        self._descent: Descent | None = None
        self._checkpoint: Checkpoint | None = None  # to be restored by the first level

    @property
    def descent(self) -> Descent:
        """The current level's descent, from the first evaluation on."""
        assert self._descent is not None
        return self._descent

    def advance(self) -> Iterator[None]:
        """Evaluate, step, yield; until the last level's budget or the time budget is spent."""
        self.clock.start(resumed=self.iteration > 0)
        schedule, carried = self.schedule, State()
        try:
            while True:
                self._enter_level(carried)
                while schedule.count < schedule.budget and not self.clock.level_is_over():
                    self._iterate()
                    yield
                if schedule.last_level or self.clock.is_over():
                    return
                carried = self.descent.carry_over()
                schedule.next_level()
        finally:
            self._leave_level()  # so that the picture can still be saved when memory ran out

    def _enter_level(self, carried: State) -> None:
        """Prepare a level: the objective at its size, and a descent from the picture so far."""
        self._leave_level()
        shape, plan = self.schedule.shape, self.plan
        self._objective = Objective(
            self.inputs.content,
            self.inputs.painted_like,
            network=self.network,
            settings=plan.objective_at(shape),
            shape=shape,
            memory=plan.memory,
            temporal=self._temporal,
            team=self._team,
        )
        saved, self._checkpoint = self._checkpoint, None
        if saved is not None and "optimiser/x" not in saved.arrays:
            start = saved.arrays["best"]
        elif self._descent is None:
            start = plan.initial.at(self._objective)
        else:
            start = self._resized(self.descent.picture(), shape)
            share = plan.detail_at(shape)
            if share:
                coarse = self.descent.shape
                start = add_detail(start, self._objective.content_picture, coarse, share, plan.memory)
        budget = self.schedule.budget
        # The descent may not fit into memory: all changes after it.
        self._descent = Descent(self._objective, start, plan.descent, evaluations=budget, warm_start=carried)
        if saved is not None:
            self._descent.restore(self.schedule.count, saved.facts["descent"], saved.arrays)

    def _leave_level(self) -> None:
        """Release a level's sessions and buffers; its picture stays."""
        if self._objective is not None:
            self._objective.close()
        self._objective = None

    def _iterate(self) -> None:
        """Evaluate and step, and record it."""
        self.descent.evaluate()
        self.descent.step()
        self.schedule.count += 1
        self.iteration += 1
        self.clock.record(untypical=self.descent.pruning_seconds)
        sums = {name: loss for name, loss in self.descent.losses.items() if "/" not in name}
        scale = {"scale": self.schedule.level, "iteration": self.iteration}
        self.history.append({**scale, **sums, "seconds": self.clock.seconds})
        if self.descent.on_plateau():
            self.schedule.end_level()

    def _resized(self, picture: Array, shape: tuple[int, int]) -> Array:
        return resize(picture, shape, out=self.plan.memory.empty((*shape, 3)))

    def step(self) -> Step:
        """Return the state after the last evaluation."""
        schedule, vector, shape = self.schedule, self.descent.current, self.schedule.shape
        return Step(
            scale=schedule.level,
            scales=len(schedule.shapes),
            shape=shape,
            iteration=self.iteration,
            iterations=schedule.evaluations,
            losses=self.descent.losses,
            seconds=self.clock.seconds,
            seconds_left=self.clock.seconds_left,
            _render=lambda: self.finished(self.descent.picture_of(vector, shape)),
            _run=self,
        )

    # ---- pictures

    def picture(self) -> Array:
        """Return the best picture so far at the level's size, H×W×3, values not yet clipped."""
        return self.descent.picture()

    def finished(self, picture: Array) -> Array:
        """Return a picture as it is shown: within 0..1, in the colours asked for."""
        return self._finish(picture)

    def result(self) -> Result:
        """Return the best picture so far, at the final size."""
        picture, final, content = self.picture(), self.plan.shapes[-1], self.inputs.content
        if self.descent.shape != final:
            picture = self._resized(picture, final)
        alpha = content.alpha
        if alpha is not None:
            alpha = resize(alpha, final, out=self.plan.memory.empty(final))
        return Result(
            self.finished(picture),
            alpha,
            history=list(self.history),
            settings=self.settings(),
            bits=content.bits,
            losses=dict(self.descent.best_losses),
            metadata=content.metadata,
            seconds=self.history[-1]["seconds"] if self.history else 0.0,
        )

    def settings(self) -> JsonObject:
        """Return how the picture is made, fit for JSON."""
        found = provenance.settings(self.plan, self.inputs, self.network.extractor.facts, self.iteration)
        return found | provenance.guides(self.plan, self.inputs, self.network)

    # ---- checkpoints

    @property
    def resumable(self) -> bool:
        """Whether it has checkpoints: always."""
        return True

    def checkpoint(self) -> Checkpoint:
        """Return all that the rest of the run depends on."""
        level, arrays = self.descent.state()
        facts = {
            "budgets": list(self.schedule.budgets),
            "level": self.schedule.level,
            "count": self.schedule.count,
            "iteration": self.iteration,
            "seconds": self.clock.seconds,
            "history": self.history,
            "descent": level,
        }
        return Checkpoint(self.fingerprint(), facts, arrays)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Resume from a checkpoint of the same run. Raises OptionError where it belongs to another."""
        if checkpoint.fingerprint != self.fingerprint():
            raise OptionError(
                "the saved state belongs to other pictures, options, another model or version",
                "give the same as then, or start again without it",
            )
        facts = checkpoint.facts
        self.schedule.resume(facts["level"], facts["count"], facts["budgets"])
        self.iteration, self.history = facts["iteration"], list(facts["history"])
        self.clock.seconds = facts["seconds"]
        self._checkpoint = checkpoint

    def fingerprint(self) -> str:
        """Return a digest of everything that the result depends on."""
        return provenance.fingerprint(self.plan, self.inputs, self.network.extractor.facts)
