"""What the engine tells a plug-in in an editor: a copy of its messages, made on their way."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import cast

Message = dict[str, object]


def overhear(plug_in: Path, copy: Path) -> None:
    """Have the engine of the plug-in in a folder write each of its messages to `copy` too."""
    described = plug_in / "engine.json"
    facts = json.loads(described.read_text("utf-8"))
    # The client adds words to the command: they follow as "$@".
    line = f'{shlex.join(facts["command"])} "$@" | tee -a {shlex.quote(str(copy))}'
    facts["command"] = ["/bin/sh", "-c", line, "sh"]
    described.write_text(json.dumps(facts), "utf-8")


def overheard(copy: Path, event: str) -> list[Message]:
    """Return the messages of one kind that were written so far."""
    if not copy.exists():
        return []
    whole = copy.read_text("utf-8").rpartition("\n")[0]  # the last line may be written at this moment
    messages = [cast(Message, json.loads(line)) for line in whole.splitlines()]
    return [message for message in messages if message.get("event") == event]
