"""A page's session: whatever goes wrong is told in one sentence, and leaves the engine free."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

pytest.importorskip("starlette", reason='needs the extra "app"')

from starlette.websockets import WebSocket

from nst_onnx.app import pictures
from nst_onnx.app.engine import Engine
from nst_onnx.app.session import Session
from nst_onnx.app.store import Store
from nst_onnx.editors.worker.protocol import Message
from nst_onnx.errors import NstError, PictureError


class _Engine:
    """Sends previews without end; ends the job when it is cancelled."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cancelled, self.over = folder, False, False

    async def paint(self, request: Message) -> tuple[str, AsyncIterator[Message]]:
        return "1", self._events()

    async def _events(self) -> AsyncIterator[Message]:
        for number in range(1000):
            if self.cancelled:
                break
            self.file(f"preview-{number}").touch()
            yield {"id": "1", "event": "preview", "picture": {"file": f"preview-{number}"}}
            await asyncio.sleep(0)
        self.over = True
        yield {"id": "1", "event": "cancelled" if self.cancelled else "done"}

    def cancel(self, name: str, *, keep: bool = False) -> None:
        self.cancelled = True

    def file(self, name: str) -> Path:
        return self.folder / name


class _Socket:
    """Keeps what the page is sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def send_json(self, message: Message) -> None:
        self.sent.append(message)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PictureError("the disk is full"), "the disk is full"),
        (NstError("no"), "no"),
        (OSError(errno.ENOSPC, "No space left on device"), "cannot be written"),
        (MemoryError(), "not enough memory"),
        (ValueError("cannot reshape"), "cannot reshape"),
        (KeyError("width"), "width"),
    ],
)
def test_an_error_cancels_the_job_and_is_told(
    error: Exception, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(raw: Path, *rest: object) -> None:
        raw.unlink()
        raise error

    monkeypatch.setattr(pictures, "save", save)
    engine, socket, store = _Engine(tmp_path), _Socket(), Store()
    session = Session(cast(WebSocket, socket), cast(Engine, engine), store)
    monkeypatch.setattr(store, "sent", lambda identifier: tmp_path)
    asyncio.run(session._paint({"job": 7, "styles": ["a"], "options": {}}))
    store.close()
    (told,) = socket.sent
    assert (told["event"], told["job"]) == ("error", 7)
    assert words in told["message"]
    assert engine.cancelled
    assert engine.over, "the next job would be refused: the worker is busy"
    assert not list(tmp_path.iterdir())
