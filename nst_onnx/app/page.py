"""Where the built page is: in the installed package, or in a checkout."""

from __future__ import annotations

from pathlib import Path

from nst_onnx.errors import NstError

PACKAGED = Path(__file__).resolve().parents[1] / "page"
"""What the build of the wheel puts there (`hatch_build.py`)."""
_CHECKOUT = Path(__file__).resolve().parents[2] / "web"


def find() -> Path:
    """Return the folder of the built page. Raises NstError that says how to build it."""
    for folder in (PACKAGED, _CHECKOUT / "dist-app"):
        if (folder / "index.html").is_file():
            return folder
    if (_CHECKOUT / "package.json").is_file():
        raise NstError(
            "the page has not been built in this checkout",
            f"with Node.js 20 or newer: cd {_CHECKOUT} && npm ci && npm run build:app",
        )
    raise NstError(
        "this installation has no page: it was built without Node.js 20 or newer",
        "install Node.js and then nst-onnx again, or take a released wheel",
    )
