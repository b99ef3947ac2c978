"""The stylizer: paints any number of pictures, its networks loaded once; and the step that it reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import presets
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.network_choice import NetworkChoice, Networks
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.painting import Painting
from nst_onnx.painting.result import Result, to_image
from nst_onnx.picture import Source
from nst_onnx.support.arguments import shown
from nst_onnx.support.memory import Memory

if TYPE_CHECKING:
    import PIL.Image

    from nst_onnx.models.extractor import Extractor
    from nst_onnx.models.metadata import Preprocessing
    from nst_onnx.objective.shards.team import Team
    from nst_onnx.runtime import Device


@dataclass(frozen=True, kw_only=True)
class Step:
    """The state after one evaluation. Pictures are rendered only when asked for.

    `scale`: index of the pyramid level, of `scales`; `shape`: its (H, W). `iteration`: evaluations so far
    over all levels, of about `iterations`. `losses`: total, content, style, tv, and each layer's own.
    `seconds` since the start; `seconds_left`: an estimate.
    """

    scale: int
    scales: int
    shape: tuple[int, int]
    iteration: int
    iterations: int
    losses: dict[str, float]
    seconds: float
    seconds_left: float | None
    _vector: Any = field(repr=False)
    _painting: Painting = field(repr=False)

    @property
    def array(self) -> npt.NDArray[np.float32]:
        """The picture just evaluated, float32 H×W×3, RGB, 0..1, at this level's size."""
        picture = self._painting.descent.picture_of(self._vector, self.shape)
        return self._painting.finished(picture)

    @property
    def image(self) -> PIL.Image.Image:
        """The picture just evaluated, as a Pillow image at this level's size."""
        return to_image(self.array, None)

    def result(self) -> Result:
        """The best picture so far, at the final size. Ask before the next step is taken."""
        return self._painting.result()

    def checkpoint(self) -> Checkpoint:
        """The state of the run, to resume from later. Ask before the next step is taken."""
        return self._painting.checkpoint()


Callback = Callable[[Step], bool | None]


class Stylizer:
    """A model on a device, ready for any number of pictures.

    `model`: "auto" (a VGG-19 where one is installed, else the compact network that is shipped), the
    name of an installed model, a file (ONNX or any weight file that `nst-onnx models add` takes), or a
    `Network` already open. `device`: "auto", "cpu", "openvino", "openvino:bf16", "cuda", "cuda:N"; None for
    NST_ONNX_DEVICE. `threads`: of the CPU, 0 for all. `preprocessing`: for ONNX models that do not declare
    theirs. `team`: processes that share pictures too large for one (`nst_onnx.jobs.ray.shard_team.workers`).
    A preset takes the same network and the same precision as with `nst_onnx.stylize`.
    Raises ModelError or DeviceError.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Network = "auto",
        device: str | None = None,
        *,
        threads: int = 0,
        preprocessing: Preprocessing | None = None,
        team: Team | None = None,
    ) -> None:
        self._team = team
        if isinstance(model, Network):
            self._networks = Networks.of(model)
        else:
            self._networks = Networks(NetworkChoice(model, device, threads, preprocessing))
        self.network = self._networks.open(presets.find(Options.preset))

    @property
    def extractor(self) -> Extractor:
        """The feature extractor of preset `default`."""
        return self.network.extractor

    @property
    def model_name(self) -> str:
        """The name of that model, "vgg19" or "compact" for instance."""
        return self.network.extractor.facts.name

    @property
    def device(self) -> Device:
        """The device of preset `default`."""
        return self.network.device

    def steps(
        self,
        content: Source,
        style: Source | Iterable[Source],
        *,
        resume: Checkpoint | str | os.PathLike[str] | None = None,
        **options: Unpack[OptionValues],
    ) -> Iterator[Step]:
        """Yield a `Step` after every evaluation; stop iterating whenever the picture is good.

        `content` and each style: a path, open file, Pillow image, array (H×W×3/4, uint8, uint16 or float
        0..1) or encoded bytes. `options`: see `nst_onnx.painting.options.Options`. `resume`: a checkpoint, or
        the path of its file.
        A run that was already complete yields nothing; `stylize` gives its result.
        Raises PictureError and OptionError at once; with the first step, what only the network can tell:
        layers that it lacks (OptionError), pictures too small for it (PictureError), and ModelError.
        """
        painting = self._painting(content, style, resume, options)
        return (_step(painting) for _ in painting.advance())

    def stylize(
        self,
        content: Source,
        style: Source | Iterable[Source],
        *,
        callback: Callback | None = None,
        resume: Checkpoint | str | os.PathLike[str] | None = None,
        **options: Unpack[OptionValues],
    ) -> Result:
        """Return the finished picture. `callback(step)` is called after every evaluation; False stops.

        Pictures, `options` and `resume` as in `steps`.

        Raises PictureError, OptionError, ModelError.
        """
        if callback is not None and not callable(callback):
            raise OptionError(f"callback must be a function, not {shown(callback)}")
        painting = self._painting(content, style, resume, options)
        for _ in painting.advance():
            answer = None if callback is None else callback(_step(painting))
            if isinstance(answer, bool | np.bool_) and not answer:
                break
        return painting.result()

    def _painting(
        self,
        content: Source,
        style: Source | Iterable[Source],
        resume: Checkpoint | str | os.PathLike[str] | None,
        options: OptionValues,
    ) -> Painting:
        checked = Options.of(options)
        saved = None if resume is None else Checkpoint.of(resume)
        memory = Memory.of(checked.max_memory)
        inputs = Inputs.read(content, style, checked, memory)
        network = self._networks.open(presets.find(checked.preset))
        painting = Painting(network, inputs.content, inputs.styles, checked, team=self._team)
        if saved is not None:
            painting.resume(saved)
        return painting


def _step(painting: Painting) -> Step:
    schedule, clock, descent = painting.schedule, painting.clock, painting.descent
    return Step(
        scale=schedule.level,
        scales=len(schedule.shapes),
        shape=schedule.shape,
        iteration=painting.iteration,
        iterations=schedule.evaluations,
        losses=descent.losses,
        seconds=clock.seconds,
        seconds_left=clock.seconds_left,
        _vector=descent.current,
        _painting=painting,
    )
