"""The stylizer: paints any number of pictures, its networks loaded once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Unpack, cast

import numpy as np

from nst_onnx.errors import NstError, OptionError
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards import team as teams
from nst_onnx.painting import one_pass, pixel_fitting, presets
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.inputs import final_shape
from nst_onnx.painting.network_choice import NetworkChoice, Networks
from nst_onnx.painting.one_pass import OnePass
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.painting import Painting
from nst_onnx.painting.regions.resolve import are_given
from nst_onnx.painting.result import Result
from nst_onnx.painting.step import Run, Step
from nst_onnx.painting.style_pictures import Style, read_styles_and_learned
from nst_onnx.picture import Picture, Source, fit, read
from nst_onnx.support.arguments import shown
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

if TYPE_CHECKING:
    from nst_onnx.models.extractor import Extractor
    from nst_onnx.models.metadata import Preprocessing
    from nst_onnx.objective.shards.team import Team
    from nst_onnx.runtime import Device


_OF_FIRST_LOOK = (
    *("strength", "style_scale", "style_weights", "style_frame", "preserve_colour", "colour_transfer"),
    "max_memory",
)

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
        self._team = teams.checked(team)
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
        style: Style | Iterable[Style] = (),
        *,
        resume: Checkpoint | str | os.PathLike[str] | None = None,
        **options: Unpack[OptionValues],
    ) -> Iterator[Step]:
        """Yield a `Step` after every evaluation; stop iterating whenever the picture is good.

        `content` and each style: a path, open file, Pillow image, array (H×W×3/4, uint8, uint16 or float
        0..1) or encoded bytes. A style may also be a learned one: itself, its file, or its name. `options`:
        see `nst_onnx.painting.options.Options`. `resume`: a checkpoint, or the path of its file. A run that
        was already complete yields nothing; `stylize` gives its result. Raises PictureError and OptionError
        at once; with the first step, what only the network can tell: layers that it lacks (OptionError),
        pictures too small for it (PictureError), and ModelError.
        """
        run = self._run(content, style, resume, options)
        return (run.step() for _ in run.advance())

    def stylize(
        self,
        content: Source,
        style: Style | Iterable[Style] = (),
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
        run = self._run(content, style, resume, options)
        for _ in run.advance():
            answer = None if callback is None else callback(run.step())
            if isinstance(answer, bool | np.bool_) and not answer:
                break
        return run.result()

    def first_look(
        self,
        content: Source,
        style: Style | Iterable[Style],
        *,
        longest: int = 512,
        **options: Unpack[OptionValues],
    ) -> Array | None:
        """Return the picture in one pass, at most `longest` pixels, to show before a run with these options.

        float32 H×W×3, RGB, 0..1. None where one pass cannot paint it: a preset other than the default, or an
        error, which the run itself will raise.
        """
        try:
            checked = Options.of(options)
            if checked.preset != Options.preset or are_given(checked):
                return None
            picture = read(content, what="content picture", memory=Memory.of(checked.max_memory))
            final = final_shape(picture.shape, checked.size or longest)
            height, width = fit(final, min(longest, max(final)))
            kept = {name: value for name, value in options.items() if name in _OF_FIRST_LOOK}
            kept |= {"quality": "instant", "size": (width, height)}
            run = self._run(picture, style, None, cast("OptionValues", kept))
            return run.result().array
        except NstError:
            return None

    def _run(
        self,
        content: Source,
        style: Style | Iterable[Style],
        resume: Checkpoint | str | os.PathLike[str] | None,
        options: OptionValues,
    ) -> Run:
        checked = Options.of(options)
        saved = None if resume is None else Checkpoint.of(resume)
        memory = Memory.of(checked.max_memory)
        network = self._networks.open(presets.find(checked.preset))
        run: Run
        styles = read_styles_and_learned(style, checked, memory, perhaps_none=are_given(checked))
        picture = read(content, what="content picture", memory=memory)
        paintings = [one for one in styles if isinstance(one, Picture)]
        if one_pass.wanted(checked, styles):
            painter, measuring = self._networks.feedforward(network)
            checked = pixel_fitting.readable_twice(checked)
            run = first = OnePass(painter, measuring, network, picture, styles, checked)
            if pixel_fitting.is_due(first):
                run = pixel_fitting.begin(first, network, picture, paintings, checked, self._team)
        else:
            run = Painting(network, picture, paintings, checked, team=self._team)
        if saved is not None:
            run.resume(saved)
        return run
