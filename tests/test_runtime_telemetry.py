"""Nothing leaves the computer: no library resolves a host or stores an identifier in the user's home."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.editor import Worker

DEVICES = [
    "cpu",
    pytest.param(
        "openvino", marks=pytest.mark.skipif(not find_spec("openvino"), reason="OpenVINO is not installed")
    ),
]

# Every look-up of a host that goes through the C library fails, and is recorded.
RESOLVER = """
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found) {
    FILE *lookups = fopen(getenv("LOOKUPS"), "a");
    if (lookups) { fprintf(lookups, "%s\\n", host ? host : ""); fclose(lookups); }
    return EAI_NONAME;
}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, of a user who has disabled no telemetry."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("CI", "TF_BUILD", "JENKINS_URL", "ORT_DISABLE_TELEMETRY", "RAY_USAGE_STATS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


def python(*words: str, **environment: str) -> str:
    """Run a fresh interpreter, which inherits nothing that this process has disabled."""
    command = [sys.executable, *words]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def of_the_library(pair: Path, device: str) -> None:
    python(
        "-c",
        "import nst_onnx\n"
        f"nst_onnx.stylize('content.png', 'style.png', model='compact', device={device!r}, size=24, steps=1)",
    )


def of_the_command(pair: Path, device: str) -> None:
    small = ["--model", "compact", "--device", device, "--size", "24", "--steps", "1"]
    python("-m", "nst_onnx", "stylize", "content.png", "style.png", "-o", "out.png", *small)


def of_a_batch(pair: Path, device: str) -> None:
    small = ["--model", "compact", "--device", device, "--size", "24", "--steps", "1"]
    shutil.copy("content.png", "another.png")
    pictures = ["content.png", "another.png", "--styles", "style.png", "--out-dir", "out", "--jobs", "2"]
    python("-m", "nst_onnx", "batch", *pictures, *small)


def of_the_worker(pair: Path, device: str) -> None:
    with Worker() as worker:
        options = {"size": 24, "steps": 1}
        assert (
            worker.last_of(worker.stylize(model="compact", device=device, options=options))["event"] == "done"
        )
        worker.close()


def of_the_doctor(pair: Path, device: str) -> None:
    python("-m", "nst_onnx", "doctor", NST_ONNX_DEVICE=device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("run", [of_the_library, of_the_command, of_a_batch, of_the_worker, of_the_doctor])
def test_no_identifier_is_stored(
    run: Callable[[Path, str], None], device: str, pair: Path, home: Path
) -> None:
    """Onnxruntime would store one during its import, as would OpenVINO."""
    run(pair, device)
    assert [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("gcc"), reason="needs Linux and gcc")
@pytest.mark.parametrize("device", DEVICES)
def test_no_host_is_resolved(device: str, pair: Path, home: Path) -> None:
    """Onnxruntime would resolve its vendor's some ten seconds after its import, OpenVINO at once."""
    Path("resolver.c").write_text(RESOLVER)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "resolver.so", "resolver.c"], check=True)
    code = (
        "import nst_onnx, socket, time\n"
        f"options = dict(model='compact', device={device!r}, size=24, steps=1)\n"
        "nst_onnx.stylize('content.png', 'style.png', **options)\n"
        "time.sleep(12)\n"
        "try: socket.getaddrinfo('recorded.invalid', 80)  # the recording works\n"
        "except OSError: pass"
    )
    python("-c", code, LD_PRELOAD=str(pair / "resolver.so"), LOOKUPS=str(pair / "lookups"))
    assert Path("lookups").read_text().split() == ["recorded.invalid"]


def test_rays_telemetry_is_disabled_before_its_import(pair: Path, home: Path) -> None:
    Path("ray.py").write_text(
        "import os\n"
        "usage_stats = os.environ.get('RAY_USAGE_STATS_ENABLED')\n"
        "def is_initialized(): return True\n"
    )
    code = "from nst_onnx.jobs.ray.connect import connect\nwith connect() as ray: print(ray.usage_stats)"
    assert python("-c", code) == "0"


@pytest.mark.parametrize("library", ["onnxruntime", "openvino", "ray"])
def test_only_one_module_imports_it(library: str) -> None:
    """The one that disables the library's telemetry first."""
    folders = [ROOT / folder for folder in ("nst_onnx", "export", "benchmarks", "plugin")]
    sources = {path: path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py")}
    importers = [path for path, source in sources.items() if library in imported(source)]
    assert len(importers) == 1, importers
    assert "telemetry.disable()" in sources[importers[0]]


def imported(source: str) -> set[str]:
    """Return the packages that a module imports when it runs, anywhere in it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    nodes = list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names}
