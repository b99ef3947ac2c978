"""What the tests in a real GIMP and a real Krita share: our pictures, and what a scenario told."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from support.checkout import ROOT

EXAMPLES = ROOT / "examples"
PICTURES = {
    "NST_PHOTO": str(EXAMPLES / "content" / "harbour.jpg"),
    "NST_STYLE": str(EXAMPLES / "styles" / "whirl.jpg"),
    "NST_SECOND": str(EXAMPLES / "styles" / "embers.jpg"),
}
"""For the environment of scenarios."""


def skip_without(programs: Iterable[str], items: Iterable[pytest.Item], system: str) -> None:
    """Skip `items` where one of `programs` is missing; the script `system` makes a system with them."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        reason = f"no {' and no '.join(missing)} here; make a system with {system}, and run the tests in it"
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@dataclass(frozen=True)
class Told:
    """What a scenario told, and the folder with the pixels that it wrote."""

    facts: dict[str, Any]
    folder: Path

    @classmethod
    def read(cls, folder: Path, output: str) -> Self:
        """Read what was left in `folder`; `output`: the editor's, for the message where that is nothing."""
        answer = folder / "facts.json"
        assert answer.is_file(), f"{folder.name} was not finished\n{output[-3000:]}"
        facts = json.loads(answer.read_text())
        assert "crashed" not in facts, facts["crashed"]
        return cls(facts, folder)

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def raw(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()
