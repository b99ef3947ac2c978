"""Input pictures of a stylisation: content, styles and regions; and the size of the painting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from nst_onnx.objective.regions import Region
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.options import LossOptions
from nst_onnx.painting.regions.given import masked
from nst_onnx.painting.regions.resolve import Regions, resolve
from nst_onnx.picture import Picture, fit
from nst_onnx.support.memory import Memory


@dataclass(frozen=True, eq=False)
class Inputs:
    """The content picture and the style pictures; with `regions`, the styles of all of these."""

    content: Picture
    styles: tuple[Picture, ...]
    regions: Regions | None = None

    @property
    def painted_like(self) -> Sequence[Picture] | Sequence[Region]:
        """The styles of the whole picture, or its regions with theirs: what an objective takes."""
        return self.styles if self.regions is None else self.regions.regions

    @classmethod
    def of(
        cls,
        content: Picture,
        styles: Iterable[Picture] | Regions,
        options: LossOptions,
        memory: Memory,
        shape: tuple[int, int],
        network: Network | None = None,
    ) -> Inputs:
        """Return the inputs with the masks that the options name; or with the regions in place of `styles`.

        `shape`: (H, W) of the painting. `network`: whose features find regions. Raises OptionError,
        PictureError.
        """
        if isinstance(styles, Regions):
            return cls(content, styles.styles, styles)
        styles = tuple(styles)
        if options.style_mask is not None:
            styles = tuple(masked(style, options.style_mask, memory) for style in styles)
        regions = resolve(options, content, styles, memory, shape, network)
        return cls(content, styles if regions is None else regions.styles, regions)

    def style_weights(self, options: LossOptions) -> Sequence[float] | None:
        """Return how much each style counts in the whole picture; None: all the same."""
        return options.style_weights if self.regions is None else self.regions.style_weights


def final_shape(content: tuple[int, int], size: int | tuple[int, int] | Literal["full"]) -> tuple[int, int]:
    """Return (H, W) for a size: longest side, exactly (width, height), or the content's own, `content`."""
    if isinstance(size, str):
        return content
    return fit(content, size) if isinstance(size, int) else (size[1], size[0])
