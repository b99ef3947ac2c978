"""The judge's columns for one photo and one painting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.judge import edges, grain, gram, palette, wasserstein
from benchmarks.judge.content_error import content_error, self_similarity
from benchmarks.judge.network import BLOCKS_1_TO_4, CONTENT_LAYER, STYLE_LAYERS, Network
from nst_onnx.picture import resize
from nst_onnx.support.arrays import Array


@dataclass(frozen=True)
class Measures:
    """The columns of one picture. All but the edge correlation are better when they are smaller.

    `content_error`: 0 the photo, about 0.6 an unrelated picture. `style_residual`, `blocks_1_to_4` (the
    same without conv5_1), `sliced_wasserstein`: distance to the painting over the photo's own; 0 the
    painting, 1 the photo. `edge_correlation`: 1 the photo. `grain`: mean square in grey levels in the
    photo's flat quarter. `palette`: W₁ in Oklab.
    """

    content_error: float
    style_residual: float
    blocks_1_to_4: float
    sliced_wasserstein: float
    edge_correlation: float
    grain: float
    palette: float


class Reference:
    """A photo and a painting, H×W×3, RGB, 0..1, each at the size at which pictures are judged."""

    def __init__(self, network: Network, photo: Array, painting: Array) -> None:
        self._network = network
        self._shape = photo.shape[:2]
        of_photo, of_painting = network.features(photo), network.features(painting)
        self._layout = self_similarity(of_photo[CONTENT_LAYER])
        self._grams, self._slices = gram.grams(of_painting), wasserstein.slices(of_painting)
        self._photo_grams = gram.grams(of_photo)
        self._photo_slices = wasserstein.distance(wasserstein.slices(of_photo), self._slices)
        self._edges, self._flat = edges.edges(photo), grain.flat(photo)
        self._palette = palette.palette(painting)

    def measure(self, picture: Array) -> Measures:
        """Return the columns of a picture H×W×3, RGB, 0..1.

        Where it has another shape than the photo, edges and grain are those of the picture resampled.
        """
        features = self._network.features(picture)
        grams = gram.grams(features)
        same = picture if picture.shape[:2] == self._shape else resize(picture, self._shape)
        return Measures(
            content_error(self_similarity(features[CONTENT_LAYER]), self._layout),
            self._residual(grams, STYLE_LAYERS),
            self._residual(grams, BLOCKS_1_TO_4),
            wasserstein.distance(wasserstein.slices(features), self._slices) / self._photo_slices,
            edges.correlation(edges.edges(same), self._edges),
            grain.grain(same, self._flat),
            palette.distance(palette.palette(picture), self._palette),
        )

    def _residual(self, grams: gram.Grams, layers: Sequence[str]) -> float:
        photo = gram.distance(self._photo_grams, self._grams, layers)
        return gram.distance(grams, self._grams, layers) / photo
