"""One `texture` request: a job that paints without a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nst_onnx.editors.worker.job import Job
from nst_onnx.errors import OptionError
from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.painting.network_choice import Networks
from nst_onnx.painting.texture import prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nst_onnx.editors.worker.model_cache import ModelCache
    from nst_onnx.editors.worker.request import Request
    from nst_onnx.painting.step import Step
    from nst_onnx.painting.texture import Texture
    from nst_onnx.picture import Source


class TextureJob(Job):
    """A texture for a client."""

    def _begin(self, request: Request, models: ModelCache) -> tuple[Iterator[Step], bool]:
        """Return the steps; the first one is what it starts from. Raises NstError."""
        styles: list[Source] = []
        for style in request.styles():
            if isinstance(style, LearnedStyle):
                raise OptionError(
                    f"{style.name} is a learned style: it paints photos only", "give the painting itself"
                )
            styles.append(style)
        options, seamless = request.options(), request.flag("seamless")
        self._stop_if_over()
        preset = options.get("preset", "default")
        network = models.stylizer(request.model(), request.text("device"), preset).network
        self._stop_if_over()
        return _steps(prepared(Networks.of(network), styles, seamless=seamless, options=options)), False


def _steps(texture: Texture) -> Iterator[Step]:
    for _ in texture.advance():
        yield texture.step()
