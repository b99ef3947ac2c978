"""Processes that end in the middle of a painting, and what is left of them."""

import os
import signal
import tempfile
import threading
import time
from pathlib import Path

from .painting import paint
from .pictures import photo, told


def worker_killed(folder):
    return _interrupted(folder, "nst_onnx.worker")


def cancelled(folder):
    """GIMP cancels a plug-in that has no dialog by ending its process."""
    return _interrupted(folder, "neural_style.py")


def _interrupted(folder, of):
    image = photo(960, 720)
    layer = image.get_layers()[0]
    told(folder, image, layer, "before")
    earlier = set(_files_left())
    thread, workers = _in_the_middle(of)
    status, message = paint(image, [layer], quality="best", size=960)[:2]
    thread.join()
    time.sleep(2)
    told(folder, image, layer, "after")
    facts = {"status": status, "message": message, "count": len(image.get_layers())}
    facts["workers"], facts["workers_left"] = workers, list(filter(_runs, workers))
    facts["files_left"] = sorted(set(_files_left()) - earlier)
    other = photo()
    facts["next"] = paint(other, [other.get_layers()[0]])[:2]
    return facts


def _in_the_middle(of):
    """Kill the process `of` once its worker has been painting for a moment; return all workers seen."""
    seen = []

    def wait_and_kill():
        deadline = time.monotonic() + 60
        while not seen and time.monotonic() < deadline:
            seen.extend(_children("nst_onnx.worker"))
            time.sleep(0.02)
        time.sleep(4)
        for number in _children(of):
            os.kill(number, signal.SIGKILL)

    thread = threading.Thread(target=wait_and_kill)
    thread.start()
    return thread, seen


def _children(words):
    """Return the running processes that this GIMP has started and whose command has `words` in it."""
    parents, commands = {}, {}
    for name in _numbers():
        try:
            state, parent = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[:2]
            command = Path("/proc", name, "cmdline").read_text()
        except OSError:
            continue
        if state != "Z":
            parents[int(name)], commands[int(name)] = int(parent), command
    found = []
    for number, command in commands.items():
        ancestor = number
        while ancestor in parents and ancestor != os.getppid():
            ancestor = parents[ancestor]
        if ancestor == os.getppid() and words in command:
            found.append(number)
    return found


def _numbers():
    return [folder.name for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _runs(number):
    return str(number) in _numbers()


def _files_left():
    return [folder.name for folder in Path(tempfile.gettempdir()).glob("nst-onnx-*")]
