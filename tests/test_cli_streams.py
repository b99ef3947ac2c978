"""Standard streams that are closed, full, pipes, or lack our signs; names that are no UTF-8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

QUICK = "--size 32 --steps 2 --device cpu --model compact"
STYLIZE = f"stylize content.png style.png {QUICK}"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="a POSIX shell closes the streams")


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("content.png", "style.png"):
        Image.fromarray(generator.integers(0, 256, (24, 32, 3), dtype=np.uint8)).save(tmp_path / name)
    return tmp_path


def shell(folder: Path, line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of the shell, in which NST is the command."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("NST", f"'{sys.executable}' -m nst_onnx")],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=300,
        check=False,
    )


def said_in_one_line(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode()
    assert "bug" not in text
    assert text.count("\n") == 1
    return text


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_does_not_matter_to_the_picture(pair: Path, closed: str) -> None:
    done = shell(pair, f"NST {STYLIZE} -o out.png {closed}")
    assert done.returncode == 0
    assert Image.open(pair / "out.png").size == (32, 24)
    assert b"Traceback" not in done.stderr
    assert b"bug" not in done.stderr


def test_standard_error_that_nobody_reads_any_more(pair: Path) -> None:
    done = shell(pair, f"NST {STYLIZE} -o out.png 2> >(head -c 1 >/dev/null)")
    assert done.returncode == 0
    assert (pair / "out.png").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("line", ["presets", f"{STYLIZE} -o out.png --json --quiet"])
def test_lost_output_is_an_error(pair: Path, line: str) -> None:
    done = shell(pair, f"NST {line} > /dev/full")
    assert done.returncode == 1
    assert said_in_one_line(done) == "error: cannot write the output: no space left on device.\n"
    assert (pair / "out.png").exists() == line.startswith("stylize")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
@pytest.mark.parametrize(
    "line", ["stylize --help", "settings made.png", "plugin install gimp --dir g/GIMP/3.0"]
)
def test_an_encoding_without_our_signs(pair: Path, encoding: str, line: str) -> None:
    (pair / "g/GIMP/3.0").mkdir(parents=True)
    first = shell(pair, f"cp style.png 夜.png; NST stylize content.png 夜.png {QUICK} -o made.png -q")
    assert first.returncode == 0, first.stderr
    done = shell(pair, f"NST {line}", PYTHONIOENCODING=encoding)
    assert b"Traceback" not in done.stderr
    assert b"bug" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_no_utf8(pair: Path) -> None:
    if sys.platform == "darwin":
        pytest.skip("its file systems have no such names")
    name = os.fsdecode(b"a\xff.png")
    (pair / "content.png").rename(pair / name)
    done = shell(pair, f"NST stylize a*.png style.png {QUICK} -o $'o\\xff.png'", PYTHONUTF8="1")
    assert done.returncode == 0, done.stderr
    assert b"wrote o\xff.png" in done.stderr
    shown = shell(pair, "NST settings o*.png", PYTHONUTF8="1")
    assert (shown.returncode, b"a\xff.png" in shown.stdout) == (0, True), shown.stderr


class TestPipes:
    def test_standard_input_and_output(self, pair: Path) -> None:
        plain = shell(pair, f"NST {STYLIZE} -o out.png -q")
        assert plain.returncode == 0
        piped = shell(pair, f"cat content.png | NST stylize - style.png {QUICK} -o - -q")
        assert piped.stderr == b""
        (pair / "piped.png").write_bytes(piped.stdout)
        np.testing.assert_array_equal(Image.open(pair / "piped.png"), Image.open(pair / "out.png"))

    @pytest.mark.parametrize(
        ("form", "magic"),
        [("png", b"\x89PNG"), ("jpg", b"\xff\xd8\xff"), ("tif", b"II*\0"), ("webp", b"RIFF")],
    )
    def test_formats(self, pair: Path, form: str, magic: bytes) -> None:
        done = shell(pair, f"NST {STYLIZE} -o - --format {form}")
        assert done.stdout.startswith(magic)
        assert b"wrote standard output" in done.stderr

    def test_process_substitution_and_dev_stdin(self, pair: Path) -> None:
        line = f"cat content.png | NST stylize /dev/stdin <(cat style.png) {QUICK} -o out.png -q"
        done = shell(pair, line)
        assert (done.returncode, done.stderr) == (0, b"")
        assert (pair / "out.png").exists()

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            (f"stylize - - {QUICK} -o out.png < content.png", "only one of the pictures"),
            (f"stylize - style.png {QUICK} -o out.png < /dev/null", "standard input: it is empty"),
            (f"{STYLIZE} -o - --json", "both write to standard output"),
            (f"{STYLIZE} -o - --format gif", "no format 'gif'"),
            (f"{STYLIZE} -o out.png --format png", "--format is for standard output"),
            (f"{STYLIZE} -o - --save-every 1", "--save-every"),
        ],
    )
    def test_what_makes_no_sense(self, pair: Path, line: str, says: str) -> None:
        done = shell(pair, f"NST {line}")
        assert done.returncode in (1, 2)
        assert done.stdout == b""
        assert says in said_in_one_line(done)
        assert not (pair / "out.png").exists()
