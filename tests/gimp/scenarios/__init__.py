"""What the tests have GIMP do. This runs in GIMP's own Python, started by GIMP (see conftest.py).

Each scenario gets a folder to write pixels into, and returns facts that JSON can carry (see inside.py).
"""

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402

from . import (  # noqa: E402
    dialog_parts,
    interruptions,
    layers,
    meanwhile,
    open_image,
    painting,
    refusals,
    region_parts,
    regions,
    series,
    textures,
)

ROOMS = (
    painting,
    layers,
    refusals,
    interruptions,
    meanwhile,
    open_image,
    regions,
    region_parts,
    dialog_parts,
    series,
    textures,
)


def go_through(scenario, arguments):
    """Go through a scenario in a GIMP that is as new, and leave none of its images behind."""
    Gegl.init(None)
    Gimp.context_set_defaults()
    earlier = Gimp.get_images()
    play = next(getattr(room, scenario) for room in ROOMS if hasattr(room, scenario))
    try:
        return play(**arguments) or {}
    finally:
        for image in Gimp.get_images():
            if image not in earlier:
                image.delete()
