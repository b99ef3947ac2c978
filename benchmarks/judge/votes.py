"""The counting of a blind vote's files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from string import ascii_uppercase

from benchmarks.judge.ballot import Key
from nst_onnx.errors import NstError

_CONFIDENCE = 0.95


def count(key: Key, files: Sequence[Path]) -> Counter[str]:
    """Return each contestant's votes. Raises NstError for a file that is no vote of this ballot."""
    votes = Counter(dict.fromkeys((name for order in key.columns.values() for name in order), 0))
    for path in files:
        try:
            found = json.loads(path.read_text())
            ballot, given = found["ballot"], found["votes"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NstError(f"{path} is no file of votes") from error
        if ballot != key.ballot:
            raise NstError(f"{path} has votes of another ballot, {ballot}", f"the key's is {key.ballot}")
        for number, label in given.items():
            order = key.columns.get(number, ())
            column = ascii_uppercase.find(label) if len(label) == 1 else -1
            if not 0 <= column < len(order):
                raise NstError(f"{path} has a vote for {label!r} in pair {number!r}, which is not there")
            votes[order[column]] += 1
    return votes


def interval(votes: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a binomial share, which is 0 to 1 without votes."""
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
    share = votes / total
    middle = share + z * z / (2 * total)
    spread = z * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    scale = 1 + z * z / total
    return (middle - spread) / scale, (middle + spread) / scale
