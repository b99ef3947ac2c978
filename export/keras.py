"""Conversion of Keras models to feature extractors by tf2onnx.

Any functional Keras model for RGB pictures is accepted: the head is removed, the size made dynamic, and every
activation with four dimensions becomes an output.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import onnx

from nst_onnx.errors import DownloadError, ModelError, OptionError
from nst_onnx.models import layer_names, metadata, readers, vgg
from nst_onnx.models.metadata import CAFFE, Facts, Preprocessing
from nst_onnx.models.weights import LICENCE
from nst_onnx.support import library_errors
from nst_onnx.support.library_errors import system_reason

from . import graph_form

if TYPE_CHECKING:
    from keras import Layer, Model

APPLICATIONS = {"vgg19": "VGG19", "vgg16": "VGG16"}
OPSET = vgg.OPSET


@dataclass(frozen=True)
class KerasExtractor:
    """A Keras model with one output per activation, NHWC, of any size."""

    model: Model
    layers: tuple[str, ...]  # canonical names, in the order of the outputs
    facts: Facts


def libraries() -> tuple[ModuleType, ModuleType, ModuleType]:
    """Import (keras, tensorflow, tf2onnx), on the CPU and without logs. Raises ModelError."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        tensorflow, tf2onnx, keras = map(importlib.import_module, ("tensorflow", "tf2onnx", "keras"))
    except ImportError as error:
        raise ModelError(
            f"the export of Keras models needs {error.name or 'TensorFlow'}",
            "run pip install 'nst-onnx[export]'",
        ) from error
    if keras.config.backend() != "tensorflow":
        raise ModelError(f"Keras runs on {keras.config.backend()}", "set KERAS_BACKEND=tensorflow")
    with contextlib.suppress(RuntimeError):  # raised once TensorFlow has run
        # A graphics card may compute in TF32, ten bits of mantissa, and fail the verification.
        tensorflow.config.set_visible_devices([], "GPU")
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    return keras, tensorflow, tf2onnx


def application(name: str, weights: str = "imagenet", *, seed: int = 0) -> KerasExtractor:
    """Return Keras's VGG19 or VGG16 without its head.

    `weights` is ``imagenet`` (Keras downloads them), ``random``, or a weight file that Keras itself
    wrote, with the head or without. Raises ModelError, DownloadError.
    """
    keras, *_ = libraries()
    make = getattr(keras.applications, APPLICATIONS[name])
    source, licence, sha256 = f"Keras Applications {APPLICATIONS[name]}", LICENCE, ""
    if weights == "random":
        keras.utils.set_random_seed(seed)
        model, source, licence = make(weights=None, include_top=False), f"random weights, seed {seed}", ""
    elif weights == "imagenet":
        try:
            model = make(weights="imagenet", include_top=False)
        except Exception as error:  # keras raises plain Exception where the download fails
            raise DownloadError(
                f"Keras could not download the weights of {APPLICATIONS[name]}: {library_errors.of(error)}",
                "download them elsewhere and give --weights FILE",
            ) from error
    else:
        path = Path(weights)
        sha256 = _sha256(path)
        model, source = _with_weights(make, path), f"{source}, {path.name}"
    kept = [layer for layer in model.layers if layer_names.canonical(layer.name) != layer.name]
    canonical = [layer_names.canonical(layer.name) for layer in kept]
    style, content = vgg.default_layers(canonical)
    facts = Facts(name, CAFFE, content, style, source, licence, sha256)
    return _extractor(model, kept, facts)


def saved(
    path: Path,
    preprocessing: Preprocessing,
    *,
    content_layers: tuple[str, ...] = (),
    style_layers: tuple[str, ...] = (),
    licence: str = "",
) -> KerasExtractor:
    """Return the model in a ``.keras`` or ``.h5`` file, up to its last activation with four dimensions.

    Raises ModelError where there is no such model, and OptionError where it lacks a layer named.
    """
    keras, *_ = libraries()
    sha256 = _sha256(path)
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # whatever the file's layers raise
        hint = "give a whole model saved by Keras"
        if "No model config" in str(error) or path.name.endswith(".weights.h5"):
            hint = f"it holds weights alone: for VGG, export keras vgg19 --weights {path.name}"
        raise ModelError(f"Keras cannot load {path}: {library_errors.of(error)}", hint) from error
    return from_model(
        model,
        preprocessing,
        content_layers=content_layers,
        style_layers=style_layers,
        source=path.name,
        licence=licence,
        sha256=sha256,
    )


def from_model(
    model: Model,
    preprocessing: Preprocessing,
    *,
    content_layers: tuple[str, ...] = (),
    style_layers: tuple[str, ...] = (),
    source: str = "",
    licence: str = "",
    sha256: str = "",
) -> KerasExtractor:
    """Return a functional Keras model as an extractor of all its activations with four dimensions.

    `nst_onnx.models.extractor` chooses the default layers not given. Raises ModelError, OptionError.
    """
    keras, *_ = libraries()
    _check_picture_input(model)
    kept = [layer for layer in model.layers if _is_activation(keras, layer)]
    if not kept:
        nested = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
        hint = f"it nests the model {nested[0]}: save and export that one" if nested else ""
        raise ModelError(f"the model {model.name} has no layers with activations of four dimensions", hint)
    canonical = [layer_names.canonical(layer.name) for layer in kept]
    style = tuple(layer_names.resolve(layer, canonical) for layer in style_layers)
    content = tuple(layer_names.resolve(layer, canonical) for layer in content_layers)
    return _extractor(model, kept, Facts(model.name, preprocessing, content, style, source, licence, sha256))


def convert(extractor: KerasExtractor) -> onnx.ModelProto:
    """Return the extractor as ONNX: NCHW, dynamic size, float32, one output per activation, with metadata.

    Raises ModelError where tf2onnx cannot convert it.
    """
    _, tensorflow, tf2onnx = libraries()
    model, layers = extractor.model, extractor.layers
    signature = (tensorflow.TensorSpec((None, None, None, 3), tensorflow.float32, name=graph_form.INPUT),)
    try:
        # With NCHW outputs too, all of tf2onnx's transposes cancel.
        proto, _ = tf2onnx.convert.from_keras(
            model,
            input_signature=signature,
            opset=OPSET,
            inputs_as_nchw=[graph_form.INPUT],
            outputs_as_nchw=list(model.output_names),
        )
    except Exception as error:  # tf2onnx raises many kinds
        raise ModelError(
            f"tf2onnx cannot convert {extractor.facts.name}: {library_errors.of(error)}"
        ) from error
    produced = [output.name for output in proto.graph.output]
    if len(produced) != len(layers):
        raise ModelError(f"tf2onnx gave {len(produced)} outputs for {len(layers)} layers")
    graph_form.rename(proto, dict(zip(produced, layers, strict=True)))
    channels = [tensor.shape[-1] for tensor in model.outputs]
    graph_form.declare(proto, dict(zip(layers, channels, strict=True)))
    graph_form.pad_explicitly(proto)
    graph_form.drop_unused_domains(proto)
    proto.graph.name = extractor.facts.name
    metadata.stamp(proto, extractor.facts)
    return proto


def _extractor(model: Model, kept: list[Layer], facts: Facts) -> KerasExtractor:
    """Truncate `model` to the outputs of the layers `kept`, with a dynamic size."""
    keras, *_ = libraries()
    cut = keras.Model(model.inputs, [layer.output for layer in kept], name=model.name)
    try:
        free = keras.models.clone_model(cut, input_tensors=[keras.Input((None, None, 3))])
        free.set_weights(cut.get_weights())
        free = keras.Model(free.inputs[0], free.outputs, name=model.name)  # takes a picture, not a list
    except Exception as error:  # layers whose shapes depend on the size raise many kinds
        raise ModelError(f"{facts.name} works at one size only: {library_errors.of(error)}") from error
    layers = tuple(layer_names.canonical(layer.name) for layer in kept)
    if len(set(layers)) < len(layers):
        raise ModelError(f"{facts.name} has two layers of one canonical name: {', '.join(sorted(layers))}")
    return KerasExtractor(free, layers, facts)


def _with_weights(make: Callable[..., Model], path: Path) -> Model:
    """Return the application with the weights in `path`, a file with or without the head."""
    reasons = []
    for include_top in (False, True):
        full = make(weights=None, include_top=include_top)
        # Keras only warns of layers that the file lacks; their weights stay NaN.
        full.set_weights([np.full_like(array, np.nan) for array in full.get_weights()])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                full.load_weights(path)
        except Exception as error:  # h5py and keras raise many kinds
            reasons.append(library_errors.of(error))
            continue
        if any(np.isnan(array).any() for array in full.get_weights()):
            reasons.append("it lacks some of the weights")
            continue
        if not include_top:
            return full
        model = make(weights=None, include_top=False)
        for layer in model.layers:
            layer.set_weights(full.get_layer(layer.name).get_weights() if layer.weights else [])
        return model
    raise ModelError(
        f"Keras cannot load {path} into {make.__name__}: {reasons[0]}",
        "for files that Keras did not write, use `export weights`",
    )


def _check_picture_input(model: Model) -> None:
    inputs = getattr(model, "inputs", None) or []
    shapes = [tuple(tensor.shape) for tensor in inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][-1] != 3:
        found = ", ".join("×".join("?" if d is None else str(d) for d in shape) for shape in shapes)
        raise ModelError(
            f"the model {model.name} takes {found or 'no declared input'}, not one N×H×W×3 picture",
            "save a functional or sequential model for RGB pictures, channels last",
        )


def _is_activation(keras: ModuleType, layer: Layer) -> bool:
    """Return whether a layer ends in a nonlinearity and outputs N×H×W×C, not the N×1×1×C of a gate."""
    kinds = ("ReLU", "LeakyReLU", "PReLU", "ELU", "Activation")
    is_kind = isinstance(layer, tuple(getattr(keras.layers, kind) for kind in kinds))
    function = getattr(layer, "activation", None)
    nonlinear = is_kind or (function is not None and function is not keras.activations.linear)
    with contextlib.suppress(AttributeError, ValueError):  # a layer without a call has no output
        shape = tuple(getattr(layer.output, "shape", ()))
        return nonlinear and len(shape) == 4 and shape[1:3] != (1, 1)
    return False


def _sha256(path: Path) -> str:
    try:
        return readers.sha256(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {system_reason(error)}", "check the path") from error


def check_known(model: str, weights: str | None) -> None:
    """Raise OptionError unless `model` is an application, or a file that comes without `weights`."""
    if model in APPLICATIONS:
        return
    if Path(model).suffix.lower() not in (".keras", ".h5", ".hdf5"):
        raise OptionError(
            f"{model!r} is neither {' nor '.join(APPLICATIONS)} nor a .keras or .h5 file", "check the name"
        )
    if weights is not None:
        raise OptionError("--weights goes with vgg19 and vgg16 only", f"{model} brings its own")
