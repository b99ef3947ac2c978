"""A real darktable on a virtual screen, with the plug-in installed by the command; tests skip without one.

.ci/editor-system build ../editors darktable
.ci/editor-system run ../editors sh -c "cd /src/nst-onnx && pytest -n 0 tests/darktable"
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageGrab
from support.real_editor import EXAMPLES, skip_without

HERE = Path(__file__).resolve().parent
SETTINGS = """plugins/lighttable/export/storage_name=neural_style
plugins/lighttable/export/format_name={format}
plugins/lighttable/export/expanded=TRUE
plugins/lighttable/export/width=0
plugins/lighttable/export/height=0
lua/neural_style/painting={painting}
lua/neural_style/quality=instant
lua/_scripts_install/dont_show=TRUE
ui_last/import_last_tags_imported=
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if HERE in item.path.parents]
    skip_without(("darktable", "Xvfb", "xdotool", "openbox"), here, ".ci/editor-system")


@dataclass(frozen=True)
class Found:
    """An image of darktable's library: its file, the file that leads its group, and its tags."""

    path: Path
    leader: str
    tags: list[str]


@dataclass(frozen=True)
class Session:
    """What a run of darktable left: the images of its library, and its output."""

    images: list[Found]
    output: str
    screen: Image.Image


@pytest.fixture
def darktable(tmp_path: Path) -> Callable[..., Session]:
    """Start darktable, import photos, press Ctrl+E, and wait for `wanted` images in its library."""

    def run(photos: list[Path], wanted: int, painting: Path, format: str = "png") -> Session:
        config, folder = tmp_path / "config", tmp_path / "told"
        folder.mkdir()
        config.mkdir()
        (config / "darktablerc").write_text(SETTINGS.format(format=format, painting=painting))
        line = ["nst-onnx", "plugin", "install", "darktable", "--dir", str(config)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.copy(HERE / "driver.lua", config / "lua")
        with (config / "luarc").open("a") as luarc:
            luarc.write('require "driver"\n')
        environment = {
            **os.environ,
            "HOME": str(tmp_path / "home"),
            "OMP_NUM_THREADS": "1",
            "NST_FOLDER": str(folder),
            "NST_WANTED": str(wanted),
            "NST_PHOTOS": ":".join(map(str, photos)),
        }
        return _Desk(tmp_path, environment).export(config, folder)

    return run


class _Desk:
    """A screen in memory with darktable on it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self._started: list[subprocess.Popen[bytes]] = []

    def export(self, config: Path, told: Path) -> Session:
        log = self._folder / "output.txt"
        try:
            with log.open("wb") as output:
                self._environment["DISPLAY"] = self._screen()
                self._start(["openbox"])
                options = [
                    "--configdir",
                    config,
                    "--cachedir",
                    self._folder / "cache",
                    "--library",
                    ":memory:",
                ]
                line = ["darktable", *map(str, options), "--disable-opencl", "-d", "lua"]
                self._start(["dbus-run-session", *line], output)
                self._await(told / "selected", log)
                self._xdotool("mousemove", "640", "400")
                self._xdotool("key", "ctrl+e")
                self._await(told / "images", log)
                screen = ImageGrab.grab(xdisplay=self._environment["DISPLAY"])
        finally:
            for process in reversed(self._started):
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
        text = (told / "images").read_text()
        assert not text.startswith("crashed"), text
        rows = [line.split("\t") for line in text.splitlines()]
        images = [Found(Path(path), leader, tags.split(",")) for path, leader, tags in rows]
        return Session(images, log.read_text(errors="replace"), screen)

    def _screen(self) -> str:
        read, write = os.pipe()
        self._start(["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x860x24"], pass_fds=(write,))
        display = b""
        while not display.endswith(b"\n"):
            display += os.read(read, 16)
        return f":{display.decode().strip()}"

    def _start(self, line: list[str], output: object = subprocess.DEVNULL, **more: object) -> None:
        process = subprocess.Popen(  # type: ignore[call-overload]
            line, env=self._environment, stdout=output, stderr=output, start_new_session=True, **more
        )
        self._started.append(process)
        time.sleep(0.5)

    def _await(self, path: Path, log: Path, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not path.exists():
            ended = any(process.poll() is not None for process in self._started)
            late = ended or time.monotonic() > deadline
            assert not late, f"{path.name} never came\n{log.read_text(errors='replace')[-3000:]}"
            time.sleep(0.2)

    def _xdotool(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env=self._environment, check=True, capture_output=True)
        time.sleep(0.5)


@pytest.fixture
def painting() -> Path:
    return EXAMPLES / "styles" / "whirl.jpg"
