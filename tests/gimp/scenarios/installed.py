"""The installed plug-in's own modules, for what needs no engine, or a part of it only."""

import sys
from pathlib import Path

from gi.repository import Gimp


def plug_in():
    """Have the plug-in's modules found by `import`."""
    folder = str(Path(Gimp.directory(), "plug-ins", "neural_style"))
    if folder not in sys.path:
        sys.path.insert(0, folder)
