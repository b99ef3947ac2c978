"""Pictures of a document painted by the extension: linked and embedded ones, and what cannot be painted."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.real_editor import EXAMPLES

from .conftest import LABEL, LINK

pytestmark = pytest.mark.slow


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "it's a photo.jpg"
    with Image.open(EXAMPLES / "content" / "harbour.jpg") as opened:
        opened.resize((160, 120)).save(path)
    return path


def document(*pictures: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" width="400" height="300">'
        f"{''.join(pictures)}</svg>"
    )


def picture(link: str, name: str = "photo") -> str:
    return (
        f'<g transform="rotate(5)"><image id="{name}" inkscape:label="Harbour" x="10" y="20" width="80" '
        f'height="60" style="opacity:0.5" xlink:href="{link}"/></g>'
    )


def pixels(element) -> np.ndarray:
    head, _, text = element.get(LINK).partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(text))) as opened:
        return np.asarray(opened.convert("RGB"), float)


def test_a_linked_picture_is_painted_above_itself(inkscape, photo):
    session = inkscape(document(picture("it's%20a%20photo.jpg")), "photo", strength=0.75)
    assert len(session.pictures) == 2, session.output
    below, above = session.pictures
    assert below.get(LINK) == "it's%20a%20photo.jpg"
    assert above.get(LABEL) == "whirl, strength 0.75 (Harbour)"
    assert above.get("id") != below.get("id")
    assert [above.get(name) for name in ("x", "y", "width", "height", "style")] == [
        "10",
        "20",
        "80",
        "60",
        "opacity:0.5",
    ]
    with Image.open(photo) as opened:
        before = np.asarray(opened, float)
    painted = pixels(above)
    assert painted.shape == before.shape
    assert np.abs(painted - before).mean() > 10


def test_an_embedded_picture_is_replaced_and_others_stay(inkscape, photo):
    link = "data:image/jpeg;base64," + base64.b64encode(photo.read_bytes()).decode()
    session = inkscape(document(picture(link), picture(link, "other")), "photo", put_into="replace")
    assert [one.get("id") for one in session.pictures] == ["photo", "other"], session.output
    assert pixels(session.pictures[0]).shape == (120, 160, 3)
    assert session.pictures[1].get(LINK) == link


@pytest.mark.parametrize(
    ("pictures", "settings", "message"),
    [
        ([picture("gone.jpg")], {}, "The linked picture is not there"),
        ([picture("https://example.org/a.jpg")], {}, "not on this computer"),
        ([picture("data:image/png;base64,!!")], {}, "is damaged"),
        ([picture("it's%20a%20photo.jpg")], {"style": "/gone.jpg"}, "/gone.jpg"),
        ([picture("it's%20a%20photo.jpg")], {"style": ""}, "No style picture is chosen"),
        (['<rect id="photo" width="5" height="5"/>'], {}, "No bitmap picture is selected"),
    ],
)
def test_what_cannot_be_painted_is_told_and_changes_nothing(script, photo, pictures, settings, message):
    said = script(document(*pictures), "photo", **settings)
    assert message in said
    assert "Traceback" not in said


def test_the_only_picture_needs_no_selection_and_a_group_is_what_is_in_it(script, photo):
    one = picture("it's%20a%20photo.jpg")
    assert script(document(one), "") == ""
    assert "several pictures" in script(document(one, picture("a.jpg", "other")), "")
    assert script(document(one.replace("<g ", '<g id="group" '), picture("a.jpg", "other")), "group") == ""
