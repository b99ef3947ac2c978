"""The style loss: squared differences between Gram matrices.

With F the features of a layer as a C×M matrix, G = F Fᵀ is the Gram matrix (Gatys, Ecker & Bethge 2015,
eq. 3). What is compared is g = G/M and a = A/M_s, the means over positions, so that pictures of different
sizes can be compared; where both have the same size, each factor below gives its source's formula
in terms of G and A exactly.
"""

from __future__ import annotations

from nst_onnx.graph import Graph
from nst_onnx.objective.losses.loss import LayerFeatures, StatisticLoss
from nst_onnx.objective.losses.normalisation import Layer, relative


def channel_rows(g: Graph, features: str) -> str:
    """Return F, the C×M matrix as ONNX lays features out."""
    return g.op("Flatten", features, axis=2)


def position_rows(g: Graph, features: str) -> str:
    """Return Fᵀ, the M×C matrix: no copy in runtimes that hold channels last inside."""
    channels = g.op("Shape", features, start=1, end=2)
    columns = g.op("Concat", g.ints(-1), channels, axis=0)
    return g.op("Reshape", g.op("Transpose", features, perm=[0, 2, 3, 1]), columns)


def gram_by_channels(g: Graph, features: str) -> str:
    """Return F Fᵀ of features as ONNX lays them out."""
    return gram_of_channel_rows(g, channel_rows(g, features))


def gram_by_positions(g: Graph, features: str) -> str:
    """Return the same for runtimes that hold channels last inside."""
    return gram_of_position_rows(g, position_rows(g, features))


def gram_of_channel_rows(g: Graph, matrix: str) -> str:
    """Return X Xᵀ of a C×M matrix."""
    return g.op("Gemm", matrix, matrix, transB=1)


def gram_of_position_rows(g: Graph, matrix: str) -> str:
    """Return XᵀX of an M×C matrix."""
    return g.op("Gemm", matrix, matrix, transA=1)


def gram(g: Graph, features: LayerFeatures) -> str:
    """Return the Gram matrix C×C, not divided by anything."""
    product = gram_by_positions if features.channels_last else gram_by_channels
    return with_own_rule(g, product(g, features.weighted), features)


def with_own_rule(g: Graph, gram: str, features: LayerFeatures) -> str:
    """Return the Gram matrix of weighted features, differentiated by w ⊙ (D + Dᵀ) F.

    Node by node the gradient would be √w ⊙ (D + Dᵀ) (√w ⊙ F): a copy of the features for each region, held
    from the forward to the backward pass.
    """
    if features.root_weights is None:
        return gram
    return g.with_rule(gram, features.tensor, lambda g, dy: weighted_derivative(g, features, dy))


def weighted_derivative(g: Graph, features: LayerFeatures, by_gram: str, by_sums: str | None = None) -> str:
    """Return w ⊙ ((D + Dᵀ) F + s), 1×C×h×w: the gradient of Σ D ⊙ (F W Fᵀ) + Σ s ⊙ (F w).

    `by_gram`: D, C×C. `by_sums`: s, 1×C; None: 0.
    """
    assert features.root_weights is not None, "weighted features have weights"
    both = g.op("Add", by_gram, g.op("Transpose", by_gram))
    if features.channels_last:
        rows = g.op("Transpose", features.tensor, perm=[0, 2, 3, 1])
        bias = [] if by_sums is None else [by_sums]
        product = g.op("Gemm", position_rows(g, features.tensor), both, *bias)
        product = g.op("Transpose", g.op("Reshape", product, g.op("Shape", rows)), perm=[0, 3, 1, 2])
    else:
        bias = [] if by_sums is None else [g.op("Transpose", by_sums)]
        product = g.op("Gemm", both, channel_rows(g, features.tensor), *bias)
        product = g.op("Reshape", product, g.op("Shape", features.tensor))
    return g.op("Mul", product, g.op("Mul", features.root_weights, features.root_weights))


def gram_shape(channels: int) -> tuple[int, int]:
    """Return the shape of a Gram matrix."""
    return channels, channels


LOSS = StatisticLoss(
    name="style", target="style", normalisation=relative, position_sum=gram, shape=gram_shape
)


def gatys2015(layer: Layer) -> float:
    """Σ (G − A)² / (4 N² M²), eq. 4; also the course's and log0's."""
    return 1 / (4 * layer.channels**2)


def narayanan(layer: Layer) -> float:
    """Σ (G − A)² / (4 · 3² · (W H)²), with the picture's own 3 channels and W×H pixels."""
    return (layer.positions / layer.pixels) ** 2 / (4 * 3**2)


def neural_style(layer: Layer) -> float:
    """mean (G/(C H W) − A/(C H W))²: neural-style-pt's."""
    return 1 / layer.channels**4
