"""Pictures of contestants: painted in processes of their own, kept in a folder, and painted only once."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass, field
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

    A picture is painted anew where its inputs, its options, the network or the program's source have changed;
    with `any_code` the source does not count. `model`: for contestants that name none. `weights`: for vgg16.
    """

    folder: Path
    model: str
    weights: Path
    any_code: bool = False
    _codes: dict[tuple[str, str, str], JsonObject] = field(default_factory=dict, init=False, repr=False)

    def of(self, contestant: Contestant, pair: Pair, size: int) -> Painted:
        """Return the picture, painted if it is not there. Raises NstError where its program fails."""
        path = self.folder / str(size) / str(pair) / f"{contestant.name}.png"
        facts = path.with_suffix(".json")
        job = self._job(contestant, pair, size)
        code = self._code(contestant, job["options"].get("model", ""))
        inputs = json.dumps(job, sort_keys=True) + pair.digest() + code["model"]
        digest = hashlib.sha256(inputs.encode()).hexdigest()
        kept: JsonObject = json.loads(facts.read_text()) if facts.is_file() and path.is_file() else {}
        if kept.get("digest") != digest or not (self.any_code or kept.get("source") == code["source"]):
            path.parent.mkdir(parents=True, exist_ok=True)
            facts.unlink(missing_ok=True)  # an interrupted run leaves no picture with the facts of another
            found = _run(contestant, "paint", json.dumps({**job, "output": str(path)}))
            kept = {"digest": digest, "source": code["source"], **found}
            facts.write_text(json.dumps(kept) + "\n")
        return Painted(path, kept["seconds"], kept["peak"])

    def _code(self, contestant: Contestant, model: str) -> JsonObject:
        """Return digests of the program's source and of its network. Raises NstError."""
        key = contestant.python, contestant.program, model
        if key not in self._codes:
            what = {"program": contestant.program, "model": model}
            self._codes[key] = _run(contestant, "code", json.dumps(what))
        return self._codes[key]

    def _job(self, contestant: Contestant, pair: Pair, size: int) -> JsonObject:
        options = dict(contestant.options)
        if contestant.program == PROGRAM:
            model = options.get("model", self.model)
            options["model"] = str(self.weights.resolve()) if model == OWN_WEIGHTS else model
            options.setdefault("device", "cpu")
        files = {"content": str(pair.content.resolve()), "style": str(pair.style.resolve())}
        return {"program": contestant.program, **files, "size": size, "options": options}


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
