"""Neural Style for Inkscape: an extension that paints the selected bitmap pictures like a painting."""

from __future__ import annotations

import argparse
import base64
import copy
import tempfile
from pathlib import Path

import inkex
from nst_client.choices import (
    AUTO,
    OWN_COLOURS,
    STRENGTH,
    STYLE_SCALE,
    Choices,
    EngineRequest,
    engine_request,
)
from nst_client.failure import Failure
from nst_client.painted_name import painted_name
from nst_client.png import png_file
from nst_client.progress import JobMonitor
from nst_client.sandboxed_engine import NeuralEngine
from nst_client.translation import _
from svg_pictures import file_of, link_to, mend_link

HERE = Path(__file__).resolve().parent
FLATPAK = "org.inkscape.Inkscape"
REPLACE = "replace"
DEFAULTS: Choices = {
    "style": "",
    "second-style": "",
    "second-share": 0.5,
    "strength": STRENGTH["default"],
    "style-scale": STYLE_SCALE[2],
    "keep-colours": OWN_COLOURS,
    "size": 0,
    "seed": 0,
    "quality": "good",
    "model": AUTO,
    "device": AUTO,
}
"""Those of neural_style.inx, for a script that leaves controls out."""


class NeuralStyle(inkex.EffectExtension):
    """Paints each selected picture, or the only one there is, and puts the painting above it or in its place.

    The document is changed only when all of them are painted.
    """

    def add_arguments(self, pars: argparse.ArgumentParser) -> None:
        """Declare the controls of neural_style.inx."""
        pars.add_argument("--tab")
        pars.add_argument("--put_into", default="above")
        for name, default in DEFAULTS.items():
            pars.add_argument(f"--{name.replace('-', '_')}", type=type(default), default=default)

    def effect(self) -> None:
        """Paint. Raises AbortExtension with a message for the user."""
        try:
            request, pictures = self._request(), self._pictures()
            with NeuralEngine(HERE, FLATPAK) as engine:
                engine.wait()
                painted = [(picture, self._painted(engine, picture, request)) for picture in pictures]
        except Failure as failure:
            raise inkex.AbortExtension(str(failure)) from failure
        for picture, data in painted:
            self._place(picture, data, request)
        copy_of_document, *document = self._bases()
        for picture in self.svg.xpath("//svg:image") if document else []:
            mend_link(picture, copy_of_document, document[0])

    def _request(self) -> EngineRequest:
        chosen: Choices = {
            name: getattr(self.options, name.replace("-", "_")) for name in Choices.__annotations__
        }
        chosen["keep-colours"] = chosen["keep-colours"] or OWN_COLOURS
        for name in ("style", "second-style"):
            path = chosen[name] = chosen[name].strip()
            if path and not Path(path).is_file():
                raise Failure(
                    _("the style picture is not there: {path}").format(path=path), _("choose another one")
                )
        return engine_request(chosen)

    def _pictures(self) -> list[inkex.Image]:
        """Return the selected pictures, also those in groups; without a selection the document's only one."""
        chosen = self.svg.selection
        pictures = list(chosen.get(inkex.Image)) if chosen else self.svg.xpath("//svg:image")
        if not pictures:
            raise Failure(
                _("no bitmap picture is selected"), _("click one, or import one with File ▸ Import")
            )
        if not chosen and len(pictures) > 1:
            raise Failure(_("there are several pictures"), _("click the one to paint"))
        return pictures

    def _painted(self, engine: NeuralEngine, picture: inkex.Image, request: EngineRequest) -> bytes:
        """Return the PNG file of the painting of a picture. Raises Failure."""
        with tempfile.TemporaryDirectory(dir=engine.folder) as folder:
            content = file_of(picture, self._bases(), Path(folder))
            monitor = JobMonitor(engine.paint(str(content), request))
            while monitor.update():
                monitor.pause()
        for warning in monitor.warnings:
            self.msg(warning)
        return png_file(monitor.result())

    def _bases(self) -> list[Path]:
        """Return the folders that links may be relative to: of the copy of the document, and of itself."""
        paths = (self.options.input_file, self.document_path())
        return [Path(str(path)).absolute().parent for path in paths if path]

    def _place(self, picture: inkex.Image, data: bytes, request: EngineRequest) -> None:
        painting = picture
        if self.options.put_into != REPLACE:
            painting = copy.deepcopy(picture)
            strength = float(str(request["options"]["strength"]))
            name = picture.label or picture.get_id()
            painting.label = painted_name(name, request["styles"], strength)
            own = self.svg.get_unique_id("painting")
            for number, inner in enumerate(painting.iter()):
                if number == 0 or inner.get("id"):  # a title, for one, has its own
                    inner.set("id", f"{own}-{number}" if number else own)
            picture.addnext(painting)
        link_to(painting, "data:image/png;base64," + base64.b64encode(data).decode())


if __name__ == "__main__":
    NeuralStyle().run()
