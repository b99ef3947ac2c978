"""Small networks for tests, with random weights, and the real ones in small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from nst_onnx.graph import Graph
from nst_onnx.models import extractor, vgg
from nst_onnx.models.metadata import CAFFE, Preprocessing
from nst_onnx.models.weights import DEPTHS, Weights, layer_names
from nst_onnx.objective.sessions import Network
from nst_onnx.runtime import Device

CPU = Device("cpu")


def vgg_weights(name: str = "vgg19", widths: tuple[int, ...] = (6, 8, 8, 10, 10), seed: int = 0) -> Weights:
    """VGG in shape and depth but narrow, He-normal random weights, Caffe's preprocessing."""
    rng = np.random.default_rng(seed)
    layers, inputs = {}, 3
    for layer in layer_names(DEPTHS[name][: len(widths)]):
        outputs = widths[int(layer[4]) - 1]
        kernel = rng.standard_normal((outputs, inputs, 3, 3)) * np.sqrt(2 / (9 * inputs))
        layers[layer] = (kernel.astype(np.float32), rng.uniform(-0.1, 0.3, outputs).astype(np.float32))
        inputs = outputs
    return Weights(name, layers, CAFFE)


def network_of(model: onnx.ModelProto, folder: Path, preprocessing: Preprocessing | None = None) -> Network:
    path = folder / "network.onnx"
    onnx.save(model, path)
    return Network(extractor.load(path, preprocessing=preprocessing), CPU, threads=1)


def vgg_network(folder: Path, weights: Weights | None = None) -> Network:
    return network_of(vgg.build(weights or vgg_weights()), folder)


def squeezenet(seed: int = 0) -> onnx.ModelProto:
    """SqueezeNet's shape in small: a strided convolution, overlapping max pooling, fire modules with Concat.

    A classifier follows, as in an exported network; without metadata.
    """
    rng = np.random.default_rng(seed)
    g = Graph()
    g.input("data", [1, 3, None, None])

    def conv(x: str, inputs: int, outputs: int, kernel: int, pad: int, stride: int = 1) -> str:
        w = rng.standard_normal((outputs, inputs, kernel, kernel)) * np.sqrt(2 / (inputs * kernel**2))
        b = rng.uniform(-0.1, 0.3, outputs)
        y = g.op("Conv", x, g.constant(w), g.constant(b), pads=[pad] * 4, strides=[stride] * 2)
        return g.op("Relu", y)

    def fire(x: str, inputs: int, name: str) -> str:
        squeezed = conv(x, inputs, 4, 1, 0)
        g.nodes.append(
            helper.make_node(
                "Concat", [conv(squeezed, 4, 6, 1, 0), conv(squeezed, 4, 6, 3, 1)], [name], axis=1
            )
        )
        return name

    conv("data", 3, 8, 3, 0, stride=2)
    g.nodes[-1].output[0] = "stem"
    pooled = g.op("MaxPool", "stem", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    deep = fire(fire(pooled, 8, "fire2"), 12, "fire3")
    logits = g.op("Flatten", g.op("GlobalAveragePool", conv(deep, 12, 5, 1, 0)))
    g.output("logits", logits)
    return g.model()
