"""The neighbours loss: squared differences between features and those at matched positions of the style.

Each position of the picture is matched with the style position whose features are nearest
(`nst_onnx.objective.matching`). With T the features at the matched positions, which stay fixed between two
matchings, and σ² the mean |S − mean S|² over the positions of the style, the loss of a layer with M
positions is Σ (F − T)² / (M σ²): 0 where the picture consists of style features, about 2 for unrelated
ones. Kolkin et al. 2022, "Neural Neighbor Style Transfer" (arXiv:2203.13215), section 4, have the cosine
distance in place of the squared one. Features of a finer stride than 4 pixels are averaged to it.
"""

from __future__ import annotations

from nst_onnx.objective.losses.loss import PositionwiseLoss
from nst_onnx.objective.losses.normalisation import relative

LOSS = PositionwiseLoss(name="neighbours", target="style", stride=4, normalisation=relative)
