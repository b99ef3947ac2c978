"""docs/worker-protocol.md: its example runs, its tables are the code's."""

from __future__ import annotations

import json
import re
import sys

import pytest
from support.checkout import ROOT
from support.editor import COMMAND

sys.path.insert(0, str(ROOT / "plugin"))

from nst_onnx.editors.worker import protocol
from nst_onnx.painting.quality import budgets

PAGE = ROOT / "docs" / "worker-protocol.md"
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="docs/ is not part of this installation")


def first_column(heading: str) -> list[str]:
    rows = PAGE.read_text("utf-8").partition(f"| {heading} |")[2].splitlines()[2:]
    table = rows[: next((i for i, row in enumerate(rows) if not row.startswith("|")), len(rows))]
    return [re.findall(r"`(\w+)`", row)[0] for row in table]


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {"command": COMMAND})
    assert capsys.readouterr().out == f"64 48 {64 * 48 * 3 * 4}\n"


def test_the_examples_of_messages_are_json() -> None:
    for block in re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        assert json.loads(block)


def test_the_line_of_a_request_is_one_that_the_worker_takes() -> None:
    requests = PAGE.read_text("utf-8").partition("## Requests")[2]
    line, event = re.findall(r"^```json\n(.*?)^```$", requests, re.MULTILINE | re.DOTALL)[:2]
    assert line.count("\n") == 1
    message = protocol.decode(line.encode())
    assert message["request"] == "stylize"
    assert json.loads(event) == {"event": "accepted", "id": message["id"]}


def test_the_number_of_the_protocol() -> None:
    assert f"**protocol {protocol.PROTOCOL}**" in PAGE.read_text("utf-8")


def test_the_codes_are_those_of_errors() -> None:
    from_errors = {code for _, code in protocol._CODES}
    assert set(first_column("code")) == from_errors | {"protocol", "internal", "busy"}


def test_the_qualities() -> None:
    text = PAGE.read_text("utf-8")
    assert first_column("quality") == list(budgets("cpu"))
    for name, budget in budgets("cpu").items():
        other = budgets("cuda")[name]
        assert f"| `{name}` | {budget.steps} | {budget.size} | {other.steps} | {other.size} |" in text
