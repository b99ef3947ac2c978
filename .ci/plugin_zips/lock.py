"""The lock of an engine: every package with its version and SHA-256, uv's wheels, and sizes by computer."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import uv
from nst_client.engine_setup import parts
from nst_client.engine_setup.computer import suits
from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

PYTHON = "3.12"
"""The Python that is installed where there is none."""
OLDEST = "3.11"
_COMPUTERS = {
    "linux-x86_64": ("linux", "Linux", "posix", "x86_64"),
    "linux-arm64": ("linux", "Linux", "posix", "aarch64"),
    "windows-x86_64": ("win32", "Windows", "nt", "AMD64"),
    "windows-arm64": ("win32", "Windows", "nt", "ARM64"),
    "macos-arm64": ("darwin", "Darwin", "posix", "arm64"),
    "macos-x86_64": ("darwin", "Darwin", "posix", "x86_64"),
}
"""{kind of computer: its sys_platform, platform_system, os_name and platform_machine, for markers}"""
_EXTRAS = {"cpu": "cpu", "openvino": "cpu,openvino"}


class Lock:
    """The lock of the engine in a wheel, of packages in `index`; written into the folder `setup`."""

    def __init__(self, wheel: Path, index: str, setup: Path) -> None:
        self._wheel, self._index, self._setup = wheel, index.rstrip("/"), setup

    def write(self) -> dict[str, Any]:
        """Write the lists of packages and return the contents of setup.json. Raises CalledProcessError."""
        _, version, _, _ = parse_wheel_filename(self._wheel.name)
        sizes = {}
        for extra, file in (("cpu", parts.REQUIREMENTS), ("openvino", parts.OPENVINO_REQUIREMENTS)):
            constraint = [] if extra == "cpu" else ["--constraints", str(self._setup / parts.REQUIREMENTS)]
            self._compile(extra, self._setup / file, ["--generate-hashes", *constraint])
            sizes[extra] = self._sizes(extra, constraint)
        return {
            "index": self._index,
            "version": str(version),
            "wheel": {"name": self._wheel.name, "sha256": _sha256(self._wheel)},
            "uv": {"version": _uv_version(), "files": self._uv_files()},
            "python": PYTHON,
            "megabytes": {
                kind: {"cpu": cpu, "openvino": max(sizes["openvino"].get(kind, cpu) - cpu, 0)}
                for kind, cpu in sizes["cpu"].items()
            },
        }

    def _compile(self, extra: str, output: Path, options: list[str]) -> None:
        """Have uv resolve the wheel's dependencies for every computer and every Python."""
        line = [uv.find_uv_bin(), "pip", "compile", "--no-config", "--quiet", "--universal", "-"]
        line += ["--python-version", OLDEST, "--no-python-downloads", "--only-binary", ":all:"]
        line += ["--default-index", self._index, "--no-emit-package", "nst-onnx"]
        line += ["--no-header", "--no-annotate", *options, "--output-file", str(output)]
        wanted = f"nst-onnx[{_EXTRAS[extra]}] @ {self._wheel.as_uri()}"
        subprocess.run(line, input=wanted, text=True, check=True, cwd=self._setup)

    def _sizes(self, extra: str, options: list[str]) -> dict[str, int]:
        """Return {kind of computer: size of the packages, 10⁶ bytes}, of those that have all packages."""
        output = self._setup / "pylock.toml"
        self._compile(extra, output, options)
        packages = tomllib.loads(output.read_text("utf-8"))["packages"]
        output.unlink()
        found = {kind: _total(packages, kind) for kind in _COMPUTERS}
        return {kind: size for kind, size in found.items() if size is not None}

    def _uv_files(self) -> list[dict[str, str | int]]:
        """Return uv's wheels for the computers above, as the index describes them."""
        page = urllib.request.Request(
            f"{self._index}/uv/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
        )
        with urllib.request.urlopen(page, timeout=60) as answer:
            files = json.load(answer)["files"]
        begin = f"uv-{_uv_version()}-"
        return [
            {"name": file["filename"], "sha256": file["hashes"]["sha256"], "size": file["size"]}
            for file in files
            if file["filename"].startswith(begin)
            and file["filename"].endswith(".whl")
            and any(suits(file["filename"], kind) for kind in _COMPUTERS)
        ]


def _total(packages: list[dict[str, Any]], kind: str) -> int | None:
    """Return the size of all packages for a kind of computer, 10⁶ bytes; None where one is missing."""
    environment = _environment(kind)
    total = 0
    for package in packages:
        if package["name"] == "nst-onnx":
            continue
        marker = package.get("marker")
        if marker and not Marker(marker).evaluate(environment):
            continue
        sizes = [wheel["size"] for wheel in package.get("wheels", []) if _fits(wheel, kind)]
        if not sizes:
            return None
        total += max(sizes)
    return round(total / 1e6)


def _fits(wheel: dict[str, Any], kind: str) -> bool:
    """Return whether a wheel runs in PYTHON on a kind of computer."""
    name = wheel.get("name") or wheel["url"].rpartition("/")[2]
    _, _, _, tags = parse_wheel_filename(name)
    own = f"cp{PYTHON.replace('.', '')}"
    python = any(
        tag.interpreter.startswith("py3")
        or (tag.interpreter == own and tag.abi in (own, "abi3"))
        or (tag.abi == "abi3" and int(tag.interpreter[3:]) <= int(own[3:]))
        for tag in tags
    )
    return python and suits(name, kind)


def _environment(kind: str) -> dict[str, str]:
    system, platform, os_name, machine = _COMPUTERS[kind]
    return {
        "python_version": PYTHON,
        "python_full_version": f"{PYTHON}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": system,
        "platform_system": platform,
        "os_name": os_name,
        "platform_machine": machine,
    }


def _uv_version() -> str:
    line = subprocess.run([uv.find_uv_bin(), "--version"], capture_output=True, text=True, check=True)
    return line.stdout.split()[1]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
