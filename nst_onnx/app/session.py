"""One open page: its requests over a WebSocket, and the events of what it has painted."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from nst_onnx.app import pictures
from nst_onnx.app.engine import LAST, Engine
from nst_onnx.app.store import Store
from nst_onnx.editors.worker.protocol import Message, error_event
from nst_onnx.errors import NstError
from nst_onnx.support.library_errors import system_reason

OPTIONS = ("size", "steps", "strength", "style_scale", "preserve_colour", "style_frame", "preset")
"""What a page may choose. The worker checks the values."""
_PREVIEW = {"seconds": 0.5, "longest": 768, "type": "u8"}
_MOST_STYLES = 8
_LETTING_GO = 5  # seconds; the worker answers a cancellation at once
_MISUNDERSTOOD = "the page and the program belong to different versions", "reload the page"


@dataclass
class Session:
    """Paints one picture at a time for a page; what the page no longer waits for is cancelled."""

    socket: WebSocket
    engine: Engine
    store: Store

    def __post_init__(self) -> None:
        self._job: str | None = None
        self._end: str | None = None  # "stop" or "cancel", asked for before the worker had the job
        self._painting: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Answer requests until the page is closed."""
        await self.socket.accept()
        try:
            hello = await self.engine.start()
            await self._send({"event": "hello", "description": _description(hello)})
            while True:
                await self._answer(await self.socket.receive_json())
        except WebSocketDisconnect:
            pass
        except (NstError, ValueError, KeyError) as error:  # also a message that is no JSON object
            await self._report(error, None)
            await self.socket.close()
        finally:
            await self._abandon()

    async def _answer(self, message: object) -> None:
        request = message.get("request") if isinstance(message, dict) else None
        if request == "paint":
            assert isinstance(message, dict)
            await self._abandon()
            self._end = None
            self._painting = asyncio.create_task(self._paint(message))
        elif request in ("stop", "cancel"):
            self._cancel(keep=request == "stop")
        else:
            raise NstError(*_MISUNDERSTOOD)

    async def _paint(self, message: Message) -> None:
        """Paint a picture, and send its events, each with the page's own number of the job."""
        number, events = message.get("job"), None
        try:
            self._job, events = await self.engine.paint(self._request(message))
            if self._end is not None:
                self._cancel(keep=self._end == "stop")
            async for event in events:
                await self._pass_on(event, number)
        except Exception as error:
            self._cancel()
            await self._report(_told(error), number)
            if events is not None:
                await self._let_go(events)
        finally:
            self._job = None

    def _request(self, message: Message) -> Message:
        """Return the worker's request. Raises NstError."""
        styles, given = message.get("styles"), message.get("options")
        if not isinstance(styles, list) or not isinstance(given, dict) or len(styles) > _MOST_STYLES:
            raise NstError(*_MISUNDERSTOOD)
        return {
            "content": {"path": str(self.store.sent(message.get("content")))},
            "styles": [{"path": str(self.store.sent(style))} for style in styles],
            "options": {name: given[name] for name in OPTIONS if name in given},
            "preview": _PREVIEW,
        }

    async def _pass_on(self, event: Message, number: object) -> None:
        """Send an event to the page; its picture as an address."""
        passed = {name: value for name, value in event.items() if name not in ("id", "picture", "settings")}
        if "message" in passed:
            passed["message"] = self.store.without_folders(passed["message"])
        described = event.get("picture")
        if described is not None:
            identifier, path = self.store.new_result()
            raw = self.engine.file(described["file"])
            await asyncio.to_thread(pictures.save, raw, described, path, event.get("settings"))
            passed["url"] = f"api/pictures/{identifier}"
        if event["event"] in (*LAST, "progress", "preview"):
            await self._send({**passed, "job": number})

    async def _report(self, error: BaseException, number: object) -> None:
        event = error_event(error)
        await self._send({**{name: event[name] for name in ("event", "message", "hint")}, "job": number})

    async def _send(self, message: Message) -> None:
        """Send a message, unless the page has been closed: its job goes on to its last event."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self.socket.send_json(message)

    def _cancel(self, *, keep: bool = False) -> None:
        """End the job, at once or when the worker has it. `keep`: with the picture so far."""
        if self._job is not None:
            self.engine.cancel(self._job, keep=keep)
        else:
            self._end = "stop" if keep else "cancel"

    async def _let_go(self, events: AsyncIterator[Message]) -> None:
        """Wait for the last event of a cancelled job: until then the worker is busy."""
        async for event in events:
            if event.get("picture") is not None:
                self.engine.file(event["picture"]["file"]).unlink(missing_ok=True)

    async def _abandon(self) -> None:
        """Cancel what is being painted, and wait until the worker has let go of it."""
        self._cancel()
        if self._painting is not None:
            await asyncio.wait([self._painting], timeout=_LETTING_GO)
            self._painting.cancel()
            self._painting = None


def _told(error: Exception) -> Exception:
    """Return what the page is told about an error; what nobody foresaw goes to the terminal, too."""
    if isinstance(error, OSError):
        return NstError(f"the picture cannot be written: {system_reason(error)}", "make room on the disk")
    if not isinstance(error, NstError | MemoryError):
        traceback.print_exception(error)
    return error


def _description(hello: Message) -> str:
    devices = hello.get("devices") or ["cpu"]
    return f"Painted by nst-onnx {hello.get('version')} on this computer ({devices[0]})."
