"""The key of a blind vote: which contestant is in which column of each pair."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nst_onnx.errors import NstError


@dataclass(frozen=True)
class Key:
    """Which contestant is in which column: {pair's number: names in the order A, B, …}."""

    ballot: str
    columns: Mapping[str, Sequence[str]]

    @classmethod
    def shuffled(cls, pairs: Sequence[str], names: Sequence[str], seed: int) -> Key:
        """Return the columns of each pair in an order drawn from the seed and the pair's name."""
        columns = {}
        for number, pair in enumerate(pairs, 1):
            order = list(names)
            random.Random(f"{seed} {pair}").shuffle(order)
            columns[str(number)] = order
        return cls(hashlib.sha256(json.dumps(columns).encode()).hexdigest()[:12], columns)

    def write(self, path: Path) -> None:
        """Write the key as JSON."""
        path.write_text(json.dumps({"ballot": self.ballot, "columns": self.columns}, indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Key:
        """Read a key. Raises NstError."""
        try:
            found = json.loads(path.read_text())
            return cls(found["ballot"], found["columns"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NstError(f"{path} is no key of a vote", "name the key.json that `vote` wrote") from error
