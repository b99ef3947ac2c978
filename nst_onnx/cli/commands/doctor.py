"""``nst-onnx doctor``: examine the installation, and paint a test picture on every device."""

from __future__ import annotations

import json as json_format
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nst_onnx.cli.errors import FAILED, one_line
from nst_onnx.errors import DeviceError, NstError
from nst_onnx.support.diagnostics import Finding
from nst_onnx.support.library_errors import system_reason
from nst_onnx.version import __version__

if TYPE_CHECKING:
    from nst_onnx.support.arrays import Array

PACKAGE = "nst-onnx"
PURPOSES = {
    "openvino": "computes faster on a CPU",
    "formats": "reads cameras' raw files and JPEG XL",
    "weights": "reads .mat and .safetensors weights",
    "plot": "stylize --plot",
    "cluster": "--ray",
    "video": "nst-onnx video",
    "app": "nst-onnx app",
    "export": "exports Keras models",
}
"""What the extras are for. Those of developers, which are not here, are not examined."""
RUNTIMES = tuple(
    f"onnxruntime{kind}" for kind in ("", "-gpu", "-directml", "-migraphx", "-rocm", "-openvino")
)
MARKS = {"good": "ok  ", "missing": "--  ", "warning": "!   ", "broken": "FAIL"}
SELF_TEST_SIDE, SELF_TEST_STEPS = 64, 12
REFERENCE = "cpu"
MAX_GRADIENT_ERROR = 0.01  # of the gradient's length; OpenVINO's in float32 is some 1e-4


def doctor(
    json: Annotated[bool, typer.Option("--json", metavar="", help="As JSON.")] = False,
) -> None:
    """Check this installation: libraries, devices, models, and a tiny picture made for real."""
    found = []
    for finding in examine():
        found.append(finding)
        if not json:
            print(f"{MARKS[finding.state]} {finding.name:<16} {finding.text}", flush=True)
    if json:
        print(json_format.dumps([asdict(finding) for finding in found]))
    if any(finding.state == "broken" for finding in found):
        raise typer.Exit(FAILED)


def examine() -> Iterator[Finding]:
    """Yield what is found, one finding after another."""
    python = f"{platform.python_version()} on {platform.platform(terse=True)}, {platform.machine()}"
    yield Finding("nst-onnx", "good", __version__)
    yield Finding("python", "good" if sys.version_info >= (3, 11) else "broken", python)
    yield from _dependencies()
    yield _runtime()
    yield _attempt("cache", _cache)
    yield _attempt("model for auto", _auto)
    yield _attempt("device for auto", _auto_device)
    yield from _devices()


def _dependencies() -> Iterator[Finding]:
    """Find the distributions that the package's metadata names, those of onnxruntime apart."""
    try:
        requirements = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        yield Finding("dependencies", "warning", f"{PACKAGE} is not installed, so they cannot be listed")
        return
    for name, extra in map(_parsed, requirements):
        version = _version(name)
        if not extra:
            text = version or f"not installed; install {PACKAGE} again"
            yield Finding(name, "good" if version else "broken", text)
        elif extra in PURPOSES:
            text = version or f"not installed ({PURPOSES[extra]}; {PACKAGE}[{extra}])"
            yield Finding(name, "good" if version else "missing", text)


def _parsed(requirement: str) -> tuple[str, str]:
    """Return a requirement's distribution and the extra that it belongs to, "" where it is always needed."""
    name = re.match(r"[\w.-]+", requirement)
    extra = re.search(r"""extra == ['"]([\w-]+)['"]""", requirement)
    return name[0] if name else requirement, extra[1] if extra else ""


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _runtime() -> Finding:
    """Find onnxruntime, of which there should be one kind."""
    from nst_onnx.runtime.devices import onnxruntime

    installed = [f"{name} {version}" for name in RUNTIMES if (version := _version(name))]
    try:
        version = onnxruntime().__version__
    except DeviceError as error:
        return Finding("onnxruntime", "broken", one_line("", str(error), error.hint)[2:])
    if len(installed) > 1:
        text = f"{' and '.join(installed)}: they overwrite each other; uninstall both, then install one"
        return Finding("onnxruntime", "warning", text)
    return Finding("onnxruntime", "good", installed[0] if installed else version)


def _cache() -> Finding:
    """Check that the folder of installed models can be written."""
    from nst_onnx.models import catalogue
    from nst_onnx.support.atomic_files import probe

    home = catalogue.home()
    existing = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    try:
        probe(existing / "probe")
    except OSError as error:
        text = f"{home} cannot be written to: {system_reason(error)}; set NST_ONNX_HOME"
        return Finding("cache", "warning", text)
    return Finding("cache", "good", str(home) + ("" if home.is_dir() else " (not made yet)"))


def _auto() -> Finding:
    """Find the model that `stylize` uses by default."""
    from nst_onnx.models import catalogue

    found = catalogue.info("auto")
    plain = found.facts.name == catalogue.SHIPPED and not catalogue.trained()
    better = "; finer: nst-onnx models fetch vgg19" if plain else ""
    return Finding("model for auto", "good", f"{found.facts.name} ({found.path}){better}")


def _auto_device() -> Finding:
    """Find the device that `stylize` uses by default."""
    from nst_onnx.runtime import choose

    return Finding("device for auto", "good", str(choose()))


def _devices() -> Iterator[Finding]:
    """Make a tiny picture on every device that is there; the CPU must work."""
    from nst_onnx.runtime import BACKENDS, available

    try:
        kinds = available()
    except DeviceError:
        return  # already reported
    for kind in kinds:
        state: Literal["broken", "warning"] = "broken" if BACKENDS[kind].required else "warning"
        yield _attempt(f"picture on {kind}", partial(_self_test, kind), state)
    for kind, backend in BACKENDS.items():
        if kind not in kinds and backend.missing:
            yield Finding(f"picture on {kind}", "missing", backend.missing)


def _test_pictures() -> tuple[Array, Array]:
    """Return a colour gradient and a chequerboard, H×W×3 in 0..1."""
    import numpy as np

    side = SELF_TEST_SIDE
    ramp = np.linspace(0, 1, side, dtype=np.float32)
    content = np.dstack(
        [np.tile(ramp, (side, 1)), np.tile(ramp[:, None], (1, side)), np.full((side, side), 0.5)]
    )
    board = (np.indices((side, side)).sum(axis=0) // 4 % 2).astype(np.float32)
    return content, np.dstack([board, 1 - board, np.full((side, side), 0.2)])


def _self_test(device: str) -> Finding:
    """Stylise a colour gradient like a chequerboard with the shipped model, and check that the losses fall.

    On another device than the CPU, also hold the gradient against the CPU's.
    """
    import numpy as np

    from nst_onnx.models import catalogue
    from nst_onnx.painting.stylizer import Stylizer
    from nst_onnx.runtime import BACKENDS

    side = SELF_TEST_SIDE
    content, style = _test_pictures()
    start = time.monotonic()
    stylizer = Stylizer(catalogue.SHIPPED, device)
    result = stylizer.stylize(content, style, size=side, steps=SELF_TEST_STEPS)
    seconds = time.monotonic() - start
    name = f"picture on {device}"
    first, last = result.history[0]["total"], result.history[-1]["total"]
    if not (np.isfinite(result.array).all() and last < first):
        return Finding(name, "broken", f"the losses do not fall: {first:.4g} to {last:.4g}")
    text = f"{SELF_TEST_STEPS} steps of {side}×{side} in {seconds:.1f} s"
    if device == REFERENCE:
        return Finding(name, "good", text)
    error = _gradient_error(device)
    if not error < MAX_GRADIENT_ERROR:
        state: Literal["broken", "warning"] = "warning" if BACKENDS[device].rank is None else "broken"
        return Finding(name, state, f"its gradient differs from the CPU's by {error:.0%}; do not use it")
    return Finding(name, "good", f"{text}; its gradient differs from the CPU's by {error:.1g} of its length")


def _gradient_error(device: str) -> float:
    """Return |a − b| / |b| of the gradient a on a device and b on the CPU, of the objective at noise."""
    import numpy as np

    from nst_onnx.api import Objective
    from nst_onnx.models import catalogue

    content, style = _test_pictures()
    at = np.random.default_rng(0).random(content.shape, np.float32)
    gradients = [
        Objective(content, style, model=catalogue.SHIPPED, device=kind, size=SELF_TEST_SIDE)
        .value_and_grad(at)[1]
        .astype(np.float64)
        for kind in (device, REFERENCE)
    ]
    return float(np.linalg.norm(gradients[0] - gradients[1]) / np.linalg.norm(gradients[1]))


def _attempt(
    name: str, look: Callable[[], Finding], failed: Literal["broken", "warning"] = "broken"
) -> Finding:
    """Return what `look` finds, or its error."""
    try:
        return look()
    except NstError as error:
        return Finding(name, failed, one_line("", str(error), error.hint)[2:])
    except Exception as error:  # a broken installation can raise anything; telling is what this is for
        return Finding(name, failed, f"{type(error).__name__}: {error}")
