"""The server's addresses: the page, its defaults, pictures in and out, and the socket of events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from nst_onnx.app.engine import Engine
from nst_onnx.app.session import Session
from nst_onnx.app.store import LARGEST, Store, TooLargeError
from nst_onnx.models import catalogue
from nst_onnx.painting import presets
from nst_onnx.painting.options import Options
from nst_onnx.painting.presets import Preset
from nst_onnx.painting.quality import budgets

LARGEST_SIDE = 4096
"""Pixels of the largest size that the page offers."""


def application(page: Path) -> Starlette:
    """Return the application that serves a built page, and paints."""
    engine, store = Engine(), Store()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await engine.close()
        store.close()

    async def receive(request: Request) -> Response:
        name = unquote(request.headers.get("x-name", ""))[:200] or "the picture"
        declared = request.headers.get("content-length", "")
        try:
            if declared.isdigit() and int(declared) > LARGEST:
                raise TooLargeError(name)
            return JSONResponse({"id": await store.receive(name, request.stream())})
        except TooLargeError as error:
            return JSONResponse({"message": f"{error}: {error.hint}."}, 413)
        except ClientDisconnect:
            return Response(status_code=400)
        except OSError as error:
            return JSONResponse({"message": f"{name} cannot be stored: {error.strerror}."}, 507)

    async def show(request: Request) -> Response:
        path = store.result(request.path_params["identifier"])
        if path is None or not path.is_file():
            return PlainTextResponse("there is no such picture", 404)
        return FileResponse(path, media_type="image/png")

    async def events(socket: WebSocket) -> None:
        await Session(socket, engine, store).run()

    return Starlette(
        routes=[
            Route("/api/defaults", _defaults),
            Route("/api/pictures", receive, methods=["POST"]),
            Route("/api/pictures/{identifier}", show),
            WebSocketRoute("/api/events", events),
            Mount("/", StaticFiles(directory=page, html=True)),
        ],
        lifespan=lifespan,
    )


async def _defaults(request: Request) -> Response:
    """What the form begins with, from the package's own tables."""
    preset, qualities = presets.find("default"), budgets("cpu")
    return JSONResponse(
        {
            "strength": Options.strength,
            "size": preset.size,
            "largest": LARGEST_SIDE,
            "draft": qualities["fast"].steps,
            "steps": preset.steps,
            "finest": qualities["best"].steps,
            "recipes": {recipe.name: recipe.steps for recipe in _recipes()},
        }
    )


def _recipes() -> list[Preset]:
    """Return the published recipes whose networks are installed."""
    installed = {entry.name for entry in catalogue.installed()}
    return [preset for preset in presets.PRESETS.values() if preset.model in installed]
