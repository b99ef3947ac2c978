"""The state of an unfinished stylisation, so that a killed run goes on, bit for bit on the CPU."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.atomic import replacing
from nst_onnx.errors import NstError, OptionError

_FORMAT = "nst-onnx checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stands. `fingerprint` tells which pictures, options, model and version it belongs to.

    `facts`: numbers and history, fit for JSON. `arrays`: the optimiser's state and the best picture.
    """

    fingerprint: str
    facts: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a file (.npz by content, whatever its name), replacing it only when all is written."""
        head = {"format": _FORMAT, "fingerprint": self.fingerprint, "facts": self.facts}
        try:
            with replacing(Path(path)) as file:
                np.savez(file, head=np.asarray(json.dumps(head)), **self.arrays)  # type: ignore[arg-type]
        except OSError as error:
            raise NstError(f"cannot save the state to {path}: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Checkpoint:
        """Read what `save` wrote. Raises OptionError where the file is something else, or damaged."""
        try:
            with np.load(path, allow_pickle=False) as file:
                head = json.loads(str(file["head"]))
                if head["format"] != _FORMAT:
                    raise ValueError("another version")
                arrays = {name: file[name] for name in file.files if name != "head"}
            return cls(head["fingerprint"], head["facts"], arrays)
        except FileNotFoundError as error:
            raise OptionError(f"{path} does not exist") from error
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            EOFError,
            zipfile.BadZipFile,
        ) as error:
            raise OptionError(
                f"{path} is not a saved state of nst-onnx, or is damaged", "start again without it"
            ) from error
