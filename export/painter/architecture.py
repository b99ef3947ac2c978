"""Architecture of the feed-forward painter: its convolutions in order, and its style vector.

An encoder to an eighth of the size, residual blocks there and at a quarter, and a decoder with nearest-
neighbour upsampling, which is given the encoder's features and the photo of its own size again. Every
convolution but the last is followed by an instance normalisation, whose scales and shifts are the style
(conditional instance normalisation: Dumoulin, Shlens & Kudlur 2017, arXiv:1610.07629). They are predicted
from the painting's statistics (Ghiasi et al. 2017, arXiv:1705.06830). The kernels of the last convolutions
belong to the style vector too: predicted they are the same for all paintings, fitting changes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MULTIPLE = 8
"""Height and width of a picture must be multiples of this."""
EPSILON = 1e-5
"""Added to the variance by instance normalisation."""
NOISE = 1
"""Channels of noise beside the photo's three: flat areas are painted from it, where the photo has nothing."""
INPUTS = 3 + NOISE
STRENGTH = 8.0
"""Factor of the strength among the predictor's inputs, so that hundreds of statistics do not hide it."""
KERNEL_RATE = 0.3
"""A kernel is this much of its part of the style vector, so that one step of a fitting suits all parts."""
CLIP = 4.0
"""Bound of the standardised statistics: an unusual painting must not drive the predictor out of its range."""


@dataclass(frozen=True)
class Convolution:
    """One convolution of `kernel`×`kernel`, padded to keep the size over `stride`."""

    name: str
    inputs: int
    outputs: int
    kernel: int = 3
    stride: int = 1
    normalised: bool = True

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the kernel: outputs, inputs, height, width."""
        return self.outputs, self.inputs, self.kernel, self.kernel


@dataclass(frozen=True)
class Architecture:
    """Channels at each scale, the number of residual blocks at two of them, and the predictor's hidden
    units.
    """

    full: int = 16
    half: int = 24
    wide: int = 32
    quarter: int = 48
    eighth: int = 64
    eighth_blocks: int = 2
    quarter_blocks: int = 3
    hidden: int = 50

    def convolutions(self) -> Iterator[Convolution]:
        """Yield the convolutions in the order in which they are computed."""
        yield Convolution("down2", INPUTS, self.half, kernel=4, stride=2)
        yield Convolution("down4", self.half, self.quarter, stride=2)
        yield Convolution("down8", self.quarter, self.eighth, stride=2)
        for block in range(self.eighth_blocks):
            yield Convolution(f"eighth{block}a", self.eighth, self.eighth)
            yield Convolution(f"eighth{block}b", self.eighth, self.eighth)
        yield Convolution("up4", self.eighth, self.quarter)
        for block in range(self.quarter_blocks):
            yield Convolution(f"quarter{block}a", self.quarter, self.quarter)
            yield Convolution(f"quarter{block}b", self.quarter, self.quarter)
        yield Convolution("up2", self.quarter + self.half, self.wide)
        yield Convolution("refine2", self.wide, self.wide)
        yield Convolution("up1", self.wide + INPUTS, self.full)
        yield Convolution("picture", self.full, 3, normalised=False)

    def normalised(self) -> Iterator[tuple[str, int]]:
        """Yield (name, channels) of every normalised convolution, in order."""
        for convolution in self.convolutions():
            if convolution.normalised:
                yield convolution.name, convolution.outputs

    def fitted(self) -> Iterator[Convolution]:
        """Yield the convolutions whose kernels are in the style vector, in order."""
        for convolution in self.convolutions():
            if convolution.name in ("refine2", "up1", "picture"):
                yield convolution

    @property
    def predicted_size(self) -> int:
        """Length of what is predicted of a painting: a scale and a shift for each normalised channel."""
        return 2 * sum(channels for _, channels in self.normalised())
