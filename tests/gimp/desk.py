"""A person at a GIMP: a screen that exists in memory only, with real key strokes and mouse clicks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from PIL import Image, ImageGrab

from .inside import Inside

WIDTH, HEIGHT = 1280, 860
PREFERENCES = """(show-welcome-dialog no)
(check-updates no)
(color-profile-policy keep)
(config-version "{version}")
"""
NEURAL_STYLE = "^Neural Style$"


class Desk:
    """GIMP with `photo` open, using `profile`, on a screen of its own. A context.

    Its window's title tells how many layers the picture has, and of which type; `inside` tells the rest.
    Messages to and from the inside lie where the photo is.
    """

    def __init__(self, profile: Path, photo: Path) -> None:
        self.profile, self._photo = profile, photo
        self.folder = photo.parent
        self.inside = Inside(self.folder)
        self._started: list[subprocess.Popen[bytes]] = []
        self.title = photo.stem

    def __enter__(self) -> Desk:
        version = next(v for v in ("3.2", "3.0") if shutil.which(f"gimp-{v}"))
        told = subprocess.run([f"gimp-console-{version}", "--version"], capture_output=True, text=True).stdout
        (self.profile / "gimprc").write_text(PREFERENCES.format(version=told.split()[-1]))
        (self.profile / "sessionrc").unlink(missing_ok=True)
        read, write = os.pipe()
        screen = f"{WIDTH}x{HEIGHT}x24"
        self._start(["Xvfb", "-displayfd", str(write), "-screen", "0", screen], pass_fds=(write,))
        display = b""
        while not display.endswith(b"\n"):
            display += os.read(read, 16)
        self._environment = {
            **os.environ,
            "DISPLAY": f":{display.decode().strip()}",
            "GIMP3_DIRECTORY": str(self.profile),
            "NO_AT_BRIDGE": "1",
        }
        self._start(["openbox"])
        gimp = [f"gimp-{version}", "--no-splash", "--new-instance", str(self._photo), *self.inside.batch]
        self._start(["dbus-run-session", *gimp])
        window = self.window(self.title, 120)
        self._xdotool("windowsize", window, str(WIDTH), str(HEIGHT - 30), "windowmove", window, "0", "0")
        time.sleep(3)
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._started):
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()

    def window(self, name: str, seconds: float = 30) -> str:
        """Wait for the visible window whose title has `name` in it, and return its number."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.shows(name)
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError(f"no window {name!r} came up in {seconds} s; there are: {self.titles()}")

    def shows(self, name: str) -> str:
        """Return the number of a visible window with `name` in its title, or nothing where there is none."""
        found = self._search(name)
        return found[-1] if found else ""

    def is_visible(self, window: str) -> bool:
        """Return whether a window is on the screen."""
        return window in self._search(".")

    def becomes(self, name: str, wanted: bool = True, seconds: float = 30) -> float:
        """Wait until a window with `name` in its title is visible, or no more; return how long that took."""
        started = time.monotonic()
        while bool(self.shows(name)) != wanted:
            if time.monotonic() - started > seconds:
                raise AssertionError(
                    f"{name!r}: still not {wanted} after {seconds} s; there are {self.titles()}"
                )
            time.sleep(0.02)
        return time.monotonic() - started

    def titles(self) -> list[str]:
        """Return the titles of all windows."""
        return [self._xdotool("getwindowname", number).strip() for number in self._search(".")]

    def key(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self._xdotool("key", key)
            time.sleep(0.7)

    def press_key(self, key: str) -> None:
        """Press a key, without waiting after it."""
        self._xdotool("key", key)

    def type(self, text: str) -> None:
        """Type `text` at a person's pace."""
        self._xdotool("type", "--delay", "60", text)
        time.sleep(1)

    def click(self, x: int, y: int, window: str | None = None) -> None:
        """Click at a point of the screen or of a window; negative: from its right and its lower edge."""
        self.point(x, y, window)
        self.press()
        time.sleep(0.3)

    def point(self, x: int, y: int, window: str | None = None) -> None:
        """Move the mouse there, and let GIMP see it."""
        width, height = (WIDTH, HEIGHT) if window is None else self.place(window)[2:]
        point = x + (width if x < 0 else 0), y + (height if y < 0 else 0)
        within = () if window is None else ("--window", window)
        self._xdotool("mousemove", *within, *map(str, point))
        time.sleep(0.3)

    def press(self) -> None:
        """Press the mouse button."""
        self._xdotool("click", "1")

    def attend(self) -> None:
        """Click GIMP's title bar, so that it is GIMP that hears the keys."""
        time.sleep(1)
        self.click(120, 9)
        time.sleep(1)

    def picture(self, window: str | None = None) -> Image.Image:
        """Return what the screen shows, or the part of it where a window is."""
        screen = ImageGrab.grab(xdisplay=self._environment["DISPLAY"])
        if window is None:
            return screen
        left, top, width, height = self.place(window)
        return screen.crop((left, top, left + width, top + height))

    # ---- what a person does with Neural Style

    def open_settings(self) -> str:
        """Open the dialog from the menu, as it is before anything was used; return its window."""
        self.open_menu()
        self.key("n")
        return self.window(NEURAL_STYLE)

    def open_menu(self) -> None:
        """Open Filters ▸ Artistic."""
        self.key("alt+r", "a")

    def choose_style(self, settings: str, style: Path) -> None:
        """Press the button for the style picture and give its name."""
        self.click(40, 34, settings)
        self.key("alt+y", "space")
        chooser = self.window("Select a File")
        time.sleep(1)
        self._xdotool("windowfocus", "--sync", chooser)  # else GIMP may search its actions for what is typed
        self._xdotool("type", "/")
        time.sleep(1)
        self.type(str(style).removeprefix("/"))
        self.key("Return")
        self.becomes("Select a File", False)

    def place(self, window: str) -> tuple[int, int, int, int]:
        """Return a window's left and upper edge, its width and its height."""
        told = self._xdotool("getwindowgeometry", "--shell", window)
        facts = dict(line.split("=") for line in told.split())
        return int(facts["X"]), int(facts["Y"]), int(facts["WIDTH"]), int(facts["HEIGHT"])

    def _start(self, line: list[str], **more: object) -> None:
        environment = getattr(self, "_environment", None)
        null = subprocess.DEVNULL
        process = subprocess.Popen(  # type: ignore[call-overload]
            line, env=environment, stdout=null, stderr=null, start_new_session=True, **more
        )
        self._started.append(process)
        time.sleep(0.5)

    def _search(self, name: str) -> list[str]:
        """Return the numbers of the visible windows with `name` in their titles.

        Where a window closes during the search, xdotool ends with an error of the X server, and names none.
        """
        while True:
            done = self._run("search", "--onlyvisible", "--name", name)
            if "X Error" not in done.stderr:
                return done.stdout.split()

    def _xdotool(self, *words: str) -> str:
        return self._run(*words).stdout

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["xdotool", *words], env=self._environment, capture_output=True, text=True)
