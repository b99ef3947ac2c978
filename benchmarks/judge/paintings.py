"""Pictures of contestants: painted in processes of their own, kept in a folder, and painted only once."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.judge.contestants import OWN_WEIGHTS, PROGRAM, Contestant
from benchmarks.pairs import Pair
from nst_onnx.errors import NstError
from nst_onnx.support.json_types import JsonObject

_PAINTER = Path(__file__).with_name("painter.py")


@dataclass(frozen=True)
class Painted:
    """A contestant's picture: its file, the seconds, and the process's peak memory in bytes."""

    path: Path
    seconds: float
    peak: int


@dataclass(frozen=True)
class Paintings:
    """The folder ``SIZE/PAIR/CONTESTANT.png``, each picture with a JSON file of what it was made from.

    A picture is painted anew where its inputs, its options or the program's source have changed; with
    `any_code` the source does not count. `model`: for contestants that name none. `weights`: for vgg16.
    """

    folder: Path
    model: str
    weights: Path
    any_code: bool = False

    def of(self, contestant: Contestant, pair: Pair, size: int) -> Painted:
        """Return the picture, painted if it is not there. Raises NstError where its program fails."""
        path = self.folder / str(size) / str(pair) / f"{contestant.name}.png"
        facts = path.with_suffix(".json")
        job = self._job(contestant, pair, size)
        code = _code(contestant.name, contestant.python, contestant.program)
        digest = hashlib.sha256((json.dumps(job, sort_keys=True) + pair.digest()).encode()).hexdigest()
        kept: JsonObject = json.loads(facts.read_text()) if facts.is_file() and path.is_file() else {}
        if kept.get("digest") != digest or not (self.any_code or kept["code"] == code):
            path.parent.mkdir(parents=True, exist_ok=True)
            facts.unlink(missing_ok=True)  # an interrupted run leaves no picture with the facts of another
            found = _run(contestant, "paint", json.dumps({**job, "output": str(path)}))
            kept = {"digest": digest, "code": code, **found}
            facts.write_text(json.dumps(kept) + "\n")
        return Painted(path, kept["seconds"], kept["peak"])

    def _job(self, contestant: Contestant, pair: Pair, size: int) -> JsonObject:
        options = dict(contestant.options)
        if contestant.program == PROGRAM:
            model = options.get("model", self.model)
            options["model"] = str(self.weights.resolve()) if model == OWN_WEIGHTS else model
            options.setdefault("device", "cpu")
        files = {"content": str(pair.content.resolve()), "style": str(pair.style.resolve())}
        return {"program": contestant.program, **files, "size": size, "options": options}


@functools.cache
def _code(name: str, python: str, program: str) -> str:
    """Return a digest of the program's source. Raises NstError."""
    return str(_run(Contestant(name, python=python, program=program), "code", program))


def _run(contestant: Contestant, task: str, argument: str) -> JsonObject:
    """Run the painter in the contestant's Python; return what it prints. Raises NstError."""
    words = [contestant.python, "-P", str(_PAINTER), task, argument]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except OSError as error:
        raise NstError(f"{contestant.name}: {contestant.python} cannot be run: {error.strerror}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NstError(f"{contestant.name} failed: {last}")
    found: JsonObject = json.loads(done.stdout.splitlines()[-1])
    return found
