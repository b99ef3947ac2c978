"""Model catalogue: models in ``model/``, installed in the user's cache, or shipped, found by name.

The cache, ``NST_ONNX_HOME`` or the platform's, holds ``models/NAME.onnx`` (installed, each with its
checksum beside it), ``converted/`` (weight files turned to ONNX, by the file's own checksum) and
``downloads/``.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import onnx
from onnx import numpy_helper

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.models import extractor, kernel_layout, metadata, readers, vgg
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.metadata import Facts, Preprocessing
from nst_onnx.support import library_errors
from nst_onnx.support.arguments import is_file as is_regular
from nst_onnx.support.arguments import path_of, shown
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.library_errors import system_reason

SHIPPED = "compact"
_TRAINED = ("vgg19", "vgg16")  # the networks that "auto" prefers, best first
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONVERSION = 1  # version of the conversions; increase it to invalidate cached ones


@dataclass(frozen=True)
class Entry:
    """A model that `locate` finds by `name`. `size` is in bytes."""

    name: str
    path: Path
    origin: Literal["shipped", "installed"]
    size: int


@dataclass(frozen=True)
class Info:
    """Properties of a model. `parameters`: number of weights. `published`: the network whose first layer it
    has ("" for an unknown one). `sha256`: of the ONNX file.
    """

    path: Path
    size: int
    facts: Facts
    layers: tuple[str, ...]
    parameters: int
    published: str
    sha256: str


def home() -> Path:
    """Return the cache folder: NST_ONNX_HOME, or the platform's own (it may not exist yet)."""
    chosen = os.environ.get("NST_ONNX_HOME")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    try:
        return Path(platformdirs.user_cache_dir("nst-onnx", appauthor=False))
    except RuntimeError:  # a user without a home and without an entry in the list of users: no cache
        return Path(os.devnull) / "nst-onnx"


def locate(model: str | os.PathLike[str] = "auto") -> Path:
    """Return the ONNX file of a model: "auto", a name as `installed` lists it, or a path.

    "auto" selects, in this order: the model that NST_ONNX_MODEL names, a VGG-19 in ``model/`` of the working
    directory (ONNX, or any weight file), the user's installed vgg19 or vgg16, the shipped compact network.
    A weight file is converted once, into the cache; where that cannot be written, for this process only and
    with a ModelWarning. Raises ModelError where there is no such model; warns with ModelWarning about files
    in ``model/`` that were skipped.
    """
    if model != "auto":
        return _resolve(model)
    chosen = os.environ.get("NST_ONNX_MODEL")
    if chosen and chosen != "auto":
        try:
            return _resolve(chosen)
        except ModelError as error:
            raise ModelError(f"NST_ONNX_MODEL={chosen}: {error}", error.hint) from error
    found = _in_folder(Path("model"))
    if found is not None:
        return found
    for name in _TRAINED:
        if is_regular(path := _installed_path(name)):
            return path
    return _shipped()


def installed() -> list[Entry]:
    """Return the models with a name: those in the user's cache, and the shipped one."""
    entries: list[Entry] = []
    folder = home() / "models"
    with suppress(OSError):  # a folder that may not be looked into
        for path in sorted(folder.glob("[!.]*.onnx")):
            entries.append(Entry(path.stem, path, "installed", path.stat().st_size))
    try:
        shipped = _shipped()
    except ModelError:
        return entries
    return [*entries, Entry(SHIPPED, shipped, "shipped", shipped.stat().st_size)]


def add(
    path: str | os.PathLike[str], *, name: str | None = None, preprocessing: Preprocessing | None = None
) -> Path:
    """Install a weight file or an ONNX model into the user's cache and return where it is now.

    `name` defaults to the network's own ("vgg19"), or the file's; a model of that name is replaced.
    `preprocessing` is for networks without metadata; for weights of no published network it overrides the
    default of their layout. Raises ModelError, and OptionError for a name that cannot be a file name.
    """
    path = Path(path).expanduser()
    if readers.is_weights(path):
        with warnings.catch_warnings():
            if preprocessing is not None:  # the warning says to give it
                warnings.simplefilter("ignore", ModelWarning)
            weights = readers.read_weights(path)
        if preprocessing is not None:
            if weights.licence:  # a published network: its preprocessing is known
                raise ModelError(
                    f"{path.name} is {weights.name}, whose preprocessing is known",
                    "leave out --channel-order, --scale, --mean and --std (in Python: preprocessing)",
                )
            weights = replace(weights, preprocessing=preprocessing)
        model, natural = vgg.build(weights), weights.name
    else:
        extracted = extractor.load(path, preprocessing=preprocessing)
        model, natural = extracted.proto, extracted.facts.name or path.stem
    name = name or re.sub(r"[^A-Za-z0-9._-]+", "-", natural).strip("-.") or "model"
    if not _NAME.fullmatch(name) or name in ("auto", SHIPPED):
        raise OptionError(
            f"{name!r} cannot be the name of a model",
            "use letters, digits, dots and dashes, and not auto or compact",
        )
    facts = metadata.read(model)
    assert facts is not None  # set by both branches above
    metadata.stamp(model, replace(facts, name=name))
    target = _installed_path(name)
    _save(model, target)
    _store(_checksum_path(target), f"{readers.sha256(target)}  {target.name}\n".encode("ascii"))
    return target


def installed_path(name: str) -> Path:
    """Return the file of an installed model. Raises ModelError where there is none of that name."""
    path = _installed_path(name)
    if not _NAME.fullmatch(name) or not path.is_file():
        known = ", ".join(entry.name for entry in installed() if entry.origin == "installed")
        shipped = ": it ships with nst-onnx" if name == SHIPPED else ""
        raise ModelError(f"there is no installed model {name!r}{shipped}", f"installed: {known or 'none'}")
    return path


def remove(path: Path) -> None:
    """Remove an installed model or a conversion from the user's cache. Raises ModelError where that fails."""
    try:
        path.unlink()
        _checksum_path(path).unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{path} cannot be removed: {system_reason(error)}") from error


def conversions() -> list[Path]:
    """Return the cached ONNX conversions of weight files; they can be deleted at any time."""
    return sorted((home() / "converted").glob("*.onnx"))


def trained() -> bool:
    """Return whether one of the networks that "auto" prefers is installed."""
    return any(is_regular(_installed_path(name)) for name in _TRAINED)


def info(model: str | os.PathLike[str] = "auto") -> Info:
    """Return the properties of a model. Raises ModelError where it cannot be used."""
    path = locate(model)
    loaded = extractor.load(path)
    tensors = {tensor.name: tensor for tensor in loaded.proto.graph.initializer}
    return Info(
        path=path,
        size=path.stat().st_size,
        facts=loaded.facts,
        layers=loaded.layers,
        parameters=sum(int(numpy_helper.to_array(t).size) for t in tensors.values()),
        published=_published(loaded.proto, tensors),
        sha256=readers.sha256(path),
    )


def verify(model: str | os.PathLike[str] = "auto") -> Info:
    """Verify a model, and return its `info`.

    Verified: the checksum of an installed file, the graph, that weights are finite and the default layers
    exist, and that a network named VGG-16 or VGG-19 with its authors' licence has the published first layer.
    Raises ModelError with the fault.
    """
    path = locate(model)
    recorded = _checksum_path(path)
    if recorded.is_file():
        expected = recorded.read_text("ascii", "replace").split(" ")[0]
        if readers.sha256(path) != expected:
            raise ModelError(
                f"{path.name} was changed after its installation: its checksum differs",
                "install it again: `nst-onnx models fetch` or `nst-onnx models add`",
            )
    checked = info(path)
    if checked.facts.licence and checked.facts.name in _TRAINED and checked.published != checked.facts.name:
        raise ModelError(f"{path.name} is named {checked.facts.name} but has another first layer")
    return checked


def convert(path: str | os.PathLike[str]) -> Path:
    """Return the ONNX conversion of a weight file, cached.

    Where the cache cannot be written, it exists until the process ends, with a ModelWarning.
    """
    path = Path(path)
    name = f"{path.name.split('.')[0]}-{readers.sha256(path)[:16]}-v{_CONVERSION}.onnx"
    target = home() / "converted" / name
    if is_regular(target):
        return target
    model = vgg.build(readers.read_weights(path))
    try:
        _save(model, target)
    except ModelError as error:
        warnings.warn(f"{error}: {path.name} is converted anew each time", ModelWarning, stacklevel=2)
        target = _temporary() / name
        _save(model, target)
    return target


@cache
def _temporary() -> Path:
    """Return a folder that is deleted when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="nst-onnx-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _resolve(model: str | os.PathLike[str]) -> Path:
    """Return the ONNX file of a path or a name."""
    path = path_of(model, "a model", ModelError)
    try:
        path = path.expanduser()
        is_file = path.is_file()
    except (OSError, RuntimeError) as error:  # a name too long; the home of no user
        raise ModelError(f"there is no model {shown(model)}: {library_errors.of(error)}") from error
    if is_file:
        return convert(path) if readers.is_weights(path) else path
    name = os.fspath(model)
    if name == SHIPPED:
        return _shipped()
    if _NAME.fullmatch(name) and is_regular(found := _installed_path(name)):
        return found
    if path.is_dir():
        raise ModelError(f"{path} is a folder, not a model", "give a file in it")
    if name in _TRAINED:
        raise ModelError(
            f"{name} is not installed",
            f"run `nst-onnx models fetch {name}`, or `nst-onnx models add FILE` with its weights",
        )
    known = ", ".join(entry.name for entry in installed())
    raise ModelError(f"there is no model {name!r}", f"give a file, or one of: auto, {known}")


def _in_folder(folder: Path) -> Path | None:
    """Return the best network in a folder of the user, converted; None where there is none."""
    suffixes = (".onnx", *readers.SUFFIXES)
    try:
        candidates = [p for p in folder.iterdir() if p.suffix.lower() in suffixes and is_regular(p)]
    except OSError:  # there is none, or it may not be looked into
        return None
    # VGG-19 before others, ONNX before weight files.
    for path in sorted(candidates, key=lambda p: ("19" not in p.name, p.suffix != ".onnx", p.name)):
        try:
            if path.suffix.lower() != ".onnx":
                return convert(path)
            facts = metadata.read(onnx.load(path, load_external_data=False))
            if facts is not None and facts.name in _TRAINED:
                return path.resolve()
        except Exception as error:  # any other file: the folder's name is a common one
            warnings.warn(f"{path} was skipped: {library_errors.of(error)}", ModelWarning, stacklevel=3)
    return None


def painter() -> Path:
    """Return the feed-forward painter that ships with nst-onnx. Raises ModelError where it is missing."""
    return _shipped("painter")


def _shipped(name: str = SHIPPED) -> Path:
    package = Path(__file__).resolve().parents[1]
    for path in (package / "model" / f"{name}.onnx", package.parent / "model" / f"{name}.onnx"):
        if path.is_file():
            return path
    raise ModelError(f"the {name} network that ships with nst-onnx is missing", "install nst-onnx again")


def _installed_path(name: str) -> Path:
    return home() / "models" / f"{name}.onnx"


def _checksum_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _save(model: onnx.ModelProto, target: Path) -> None:
    _store(target, model.SerializeToString())


def _store(target: Path, data: bytes) -> None:
    """Write a file of the cache atomically, and create its folder."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as file:
            file.write(data)
    except OSError as error:
        raise ModelError(
            f"{target} cannot be written: {system_reason(error)}",
            "free some space, or set NST_ONNX_HOME to another folder",
        ) from error


def _published(model: onnx.ModelProto, tensors: dict[str, onnx.TensorProto]) -> str:
    """Return the published network that has this first convolution, "" for none."""
    first = next((node for node in model.graph.node if node.op_type == "Conv"), None)
    if first is None or len(first.input) < 3 or not {first.input[1], first.input[2]} <= tensors.keys():
        return ""
    match = kernel_layout.recognise(*(numpy_helper.to_array(tensors[name]) for name in first.input[1:3]))
    return match[0] if match else ""
