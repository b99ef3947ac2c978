"""Serving the page on 127.0.0.1 until the terminal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from nst_onnx.app.browser_page import redirect
from nst_onnx.app.guard import Guard
from nst_onnx.app.routes import application
from nst_onnx.errors import OptionError
from nst_onnx.support.library_errors import system_reason

HOST = "127.0.0.1"
_LONGEST_MESSAGE = 1 << 16  # bytes of a WebSocket's message: pictures are sent otherwise
_END_SECONDS = 2


def serve(page: Path, *, port: int, browser: bool, announce: Callable[[str], None]) -> None:
    """Serve a built page until Ctrl-C. `port` 0: any that is free. `browser`: whether to open one.

    `announce` receives the address, with its token. Raises OptionError where the port cannot be had.
    """
    with _listening(port) as listener:
        port = listener.getsockname()[1]
        guard = Guard(application(page), port)
        config = uvicorn.Config(
            guard,
            log_level="warning",
            access_log=False,
            ws_max_size=_LONGEST_MESSAGE,
            server_header=False,
            timeout_graceful_shutdown=_END_SECONDS,
        )
        server = uvicorn.Server(config)
        address = f"http://{HOST}:{port}/?token={guard.token}"

        async def running() -> None:
            task = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started and not task.done():
                await asyncio.sleep(0.02)
            if server.started:
                announce(address)
                if browser:
                    await _in_browser(address, task)
            await task

        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once it has ended
            asyncio.run(running())


async def _in_browser(address: str, server: asyncio.Task[None]) -> None:
    """Open an address in the browser; return when the server has ended."""
    with contextlib.suppress(OSError), redirect(address) as url:
        opening = asyncio.create_task(asyncio.to_thread(webbrowser.open, url))  # one in the terminal blocks
        await asyncio.wait([server])
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)


def _listening(port: int) -> socket.socket:
    """Return a socket that is bound to the port. Raises OptionError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would share the port with whoever listens
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # also right after its last use
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise OptionError(
            f"port {port} cannot be used: {system_reason(error)}", "choose another with --port, or none"
        ) from error
    return listener
