"""Code of the extension for Inkscape: links, identifiers, and what a script leaves out."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from support.stand_ins import inkscape_extension

LINK = "xlink:href"


@pytest.fixture
def extension() -> Iterator[Any]:
    with inkscape_extension() as module:
        yield module


def test_a_link_to_another_drive_becomes_absolute(
    extension: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `os.path.relpath` does on Windows, after all is painted."""

    def relpath(path: Path, start: Path) -> str:
        raise ValueError(f"path is on mount 'C:', start on mount 'D:': {path}, {start}")

    pictures = sys.modules["svg_pictures"]
    (tmp_path / "copy").mkdir()
    (tmp_path / "my photo.jpg").write_bytes(b"")
    element = ElementTree.Element("image", {LINK: "../my%20photo.jpg"})
    pictures.mend_link(element, tmp_path / "copy", tmp_path / "there" / "drawing")
    assert element.get(LINK) == "../../my%20photo.jpg"
    monkeypatch.setattr(pictures.os.path, "relpath", relpath)
    element.set(LINK, "../my%20photo.jpg")
    pictures.mend_link(element, tmp_path / "copy", tmp_path / "there" / "drawing")
    assert element.get(LINK) == (tmp_path / "my photo.jpg").resolve().as_uri()


def test_what_a_script_leaves_out_has_the_dialogs_defaults(extension: Any) -> None:
    parser = argparse.ArgumentParser()
    effect = extension.NeuralStyle()
    effect.add_arguments(parser)
    effect.options = parser.parse_args(["--style", __file__])
    request = effect._request()
    assert request["styles"] == [__file__]
    assert request["options"] == {"strength": 0.5, "style_scale": 1.0, "seed": 0}
    assert (request["quality"], request["model"], request["device"]) == ("good", "auto", "auto")
    file = Path(extension.__file__).with_suffix(".inx")
    for control in ElementTree.parse(file).iter(
        "{http://www.inkscape.org/namespace/inkscape/extension}param"
    ):
        name = str(control.get("name")).replace("_", "-")
        if control.get("type") in ("float", "int", "string"):
            assert str(extension.DEFAULTS[name]).removesuffix(".0") == control.text, name


class Image(ElementTree.Element):
    """As inkex has it."""

    label = "photo"

    def __deepcopy__(self, memo: dict[int, Any]) -> Image:
        copied = Image(self.tag, dict(self.attrib))
        copied.extend(copy.deepcopy([*self], memo))
        return copied

    def get_id(self) -> str | None:
        return self.get("id")

    def addnext(self, other: ElementTree.Element) -> None:
        self.next = other


def test_a_copys_identifiers_are_its_own(extension: Any) -> None:
    """So those of what is in it: a title and a description, for example."""
    effect, picture = extension.NeuralStyle(), Image("image", {"id": "photo"})
    title = ElementTree.SubElement(picture, "title", {"id": "title1"})
    ElementTree.SubElement(title, "nothing")
    effect.options = SimpleNamespace(put_into="above")
    effect.svg = SimpleNamespace(get_unique_id=lambda prefix: f"{prefix}5")
    effect._place(picture, b"", {"styles": ["/a.png"], "options": {"strength": 0.5}})
    assert [element.get("id") for element in picture.next.iter()] == ["painting5", "painting5-1", None]
    assert [element.get("id") for element in picture.iter()] == ["photo", "title1", None]
