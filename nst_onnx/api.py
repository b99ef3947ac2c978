"""The public API: `stylize`, and `Objective`, the losses and their gradient as a function of a picture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.objective import objective
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards import team as teams
from nst_onnx.objective.targets import batch
from nst_onnx.painting import learning, presets
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.inputs import Inputs, final_shape
from nst_onnx.painting.network_choice import NetworkChoice, Networks
from nst_onnx.painting.objective_settings import objective_settings
from nst_onnx.painting.options import LossOptions, LossOptionValues, Options, OptionValues
from nst_onnx.painting.regions.resolve import are_given
from nst_onnx.painting.result import Result
from nst_onnx.painting.style_pictures import Style, read_styles
from nst_onnx.painting.style_scale import with_style_scale
from nst_onnx.painting.stylizer import Callback, Stylizer
from nst_onnx.painting.texture import prepared
from nst_onnx.picture import Source, read
from nst_onnx.support.arguments import shown
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

if TYPE_CHECKING:
    from nst_onnx.feedforward.learned_style import LearnedStyle
    from nst_onnx.objective.shards.team import Team
    from nst_onnx.runtime import Device


def stylize(
    content: Source,
    style: Style | Iterable[Style] = (),
    *,
    model: str | os.PathLike[str] | Network = "auto",
    device: str | None = None,
    callback: Callback | None = None,
    resume: Checkpoint | str | os.PathLike[str] | None = None,
    ray: str | None = None,
    workers: int | None = None,
    **options: Unpack[OptionValues],
) -> Result:
    """Paint `content` in the manner of `style` (one picture, or several blended).

    Pictures are paths, open files, Pillow images, arrays (H×W×3/4, uint8, uint16 or float 0..1) or encoded
    bytes. A style may also be a learned one (`learn`): itself, its file, or its name; it paints in one pass.
    With `regions` (see `Region`) the style is that of what none covers, which without one stays the photo.
    `model` and `device` as in `Stylizer`. `callback(step)` is called after every evaluation; returning False
    stops with the best picture so far. `resume`: a checkpoint, or the path of its file. `ray`: the address
    of a cluster whose workers share a picture that is large (see `nst_onnx.jobs.ray.connect`); `workers`:
    how many, None for as many as suit it. `options` are the fields of `nst_onnx.painting.options.Options`:
    size, strength, style_scale, style_weights, preset, preserve_colour, seed, steps, max_seconds, … Raises
    subclasses of NstError.

    >>> nst_onnx.stylize("photo.jpg", "painting.jpg", size=512, strength=0.6).save("out.png")
    """
    if not isinstance(model, Network):
        model = NetworkChoice(model, device).open(presets.find(Options.of(options).preset))
    with shard_team(ray, workers, model.device) as team:
        stylizer = Stylizer(model, team=team)
        return stylizer.stylize(content, style, callback=callback, resume=resume, **options)


def texture(
    style: Source | Iterable[Source],
    *,
    seamless: bool = False,
    model: str | os.PathLike[str] | Network = "auto",
    device: str | None = None,
    callback: Callback | None = None,
    resume: Checkpoint | str | os.PathLike[str] | None = None,
    **options: Unpack[OptionValues],
) -> Result:
    """Paint a texture in the manner of `style` (one picture, or several blended), without a photo.

    `seamless`: its left side continues at its right one, its lower at its upper one; its sides must be
    multiples of the network's stride (16 for VGG). `size`: its side, or (width, height); 512 if not given.
    The other arguments are those of `stylize`, less the options that are about a photo.
    Raises subclasses of NstError.

    >>> nst_onnx.texture("painting.jpg", size=1024, seamless=True).save("tile.png")
    """
    if callback is not None and not callable(callback):
        raise OptionError(f"callback must be a function, not {shown(callback)}")
    if not isinstance(seamless, bool | np.bool_):
        raise OptionError(f"seamless must be True or False, not {shown(seamless)}")
    networks = Networks.of(model) if isinstance(model, Network) else Networks(NetworkChoice(model, device))
    saved = None if resume is None else Checkpoint.of(resume)
    painting = prepared(networks, style, seamless=bool(seamless), options=options, resume=saved)
    for _ in painting.advance():
        answer = None if callback is None else callback(painting.step())
        if isinstance(answer, bool | np.bool_) and not answer:
            break
    return painting.result()


def learn(
    painting: Source,
    name: str,
    *,
    photos: Source | Sequence[Source] = (),
    model: str | os.PathLike[str] = "auto",
    device: str | None = None,
    evaluations: int = learning.EVALUATIONS,
    **options: Unpack[LossOptionValues],
) -> LearnedStyle:
    """Learn a painting as a style for one pass: `stylize(photo, learned)` then takes tenths of a second.

    `photos`: those it is fitted on, () for the drawn ones that ship; `evaluations` of each. `model`,
    `device` and `options` are those of the objective. `LearnedStyle.save` writes it to a file, which
    `stylize` takes, too. Raises subclasses of NstError.

    >>> nst_onnx.learn("painting.jpg", "dunes").save("dunes.nst")
    """
    networks = Networks(NetworkChoice(model, device))
    checked = LossOptions.of(options)
    return learning.learn(networks, painting, name, checked, photos=photos, evaluations=evaluations)


@contextmanager
def shard_team(ray: str | None, workers: int | None, device: Device) -> Iterator[Team | None]:
    """Yield a cluster's workers that share large pictures, None where no cluster is given.

    Raises OptionError for workers without a cluster, ClusterError where there are none to be had.
    """
    if ray is not None:
        from nst_onnx.jobs.ray import shard_team as cluster

        with cluster.workers(ray, device=str(device), count=workers) as team:
            yield team
    elif workers is not None:
        raise OptionError("workers are those of a cluster", 'say which: --ray, or ray="auto"')
    else:
        yield None


class Objective(objective.Objective):
    """The losses of a picture and their exact gradient, for one content, some styles, at one size.

    Takes the options of `LossOptions` by name. `model` is "auto", an installed model's name, a file, or a
    `Network` already open; `content` and `styles` are whatever `nst_onnx.picture.read` takes. The device
    "auto" computes in full precision here. `held_to`: for a frame of a film, the frame before.
    `team`: processes that share a picture too large for one.
    Raises subclasses of NstError.

    >>> objective = Objective("photo.jpg", "painting.jpg", size=256)
    >>> loss, gradient = objective.value_and_grad(numpy.full((*objective.shape, 3), 0.5, "float32"))
    """

    def __init__(
        self,
        content: Source,
        styles: Source | Iterable[Source],
        *,
        model: str | os.PathLike[str] | Network = "auto",
        device: str | None = None,
        held_to: Temporal | None = None,
        team: Team | None = None,
        **options: Unpack[LossOptionValues],
    ) -> None:
        self.options = LossOptions.of(options)
        self.preset = presets.find(self.options.preset)
        if held_to is not None and not isinstance(held_to, Temporal):
            raise OptionError(f"held_to must be a Temporal, not {shown(held_to)}")
        if not isinstance(model, Network):
            model = NetworkChoice(model, device).open(self.preset, exact=True)
        memory = Memory.of(self.options.max_memory)
        given = read_styles(styles, self.options, memory, perhaps_none=are_given(self.options))
        picture = read(content, what="content picture", memory=memory)
        shape = final_shape(picture.shape, self.options.size or self.preset.size)
        inputs = Inputs.of(picture, given, self.options, memory, shape, model)
        weights = inputs.style_weights(self.options)
        self.options = with_style_scale(self.options, inputs.styles, weights, shape)
        super().__init__(
            inputs.content,
            inputs.painted_like,
            network=model,
            settings=objective_settings(self.options, self.preset, model.extractor),
            shape=shape,
            memory=memory,
            temporal=held_to,
            team=teams.checked(team),
        )

    def value_and_grad(self, image: npt.ArrayLike) -> tuple[float, Array]:
        """Return (loss, gradient) at a picture H×W×3, RGB, 0..1 (values outside are allowed).

        The gradient, float32 H×W×3, is with respect to that picture's values.
        Raises PictureError where the picture has another shape than `shape`.
        """
        losses, gradient = self.evaluate(batch(self._checked(image)))
        return float(losses.sum(dtype=np.float64)), gradient[0].transpose(1, 2, 0).copy()

    def losses(self, image: npt.ArrayLike) -> dict[str, float]:
        """Return the weighted losses of a picture: total, content, style, tv, and each layer's own."""
        losses, _ = self.evaluate(batch(self._checked(image)))
        return self.named(losses)

    def _checked(self, image: npt.ArrayLike) -> Array:
        try:
            array = np.asarray(image)
        except ValueError as error:  # rows of unequal length
            raise PictureError("the picture must be an array of finite numbers") from error
        if array.dtype.kind in "ui":  # levels of 8 or 16 bits, as everywhere else
            array = read(array, what="picture").rgb
        if array.dtype.kind == "f":
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
                array = array.astype(np.float32, copy=False)
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise PictureError("the picture must be an array of finite numbers")
        if array.shape != (*self.shape, 3):
            raise PictureError(f"the picture must have shape {(*self.shape, 3)}, not {array.shape}")
        return array
