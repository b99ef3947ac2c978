"""What uv prints, as progress and as sentences. The texts are those of uv 0.13."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.engine_setup.uv_output import Downloads, failure_of

FOLDER = Path("/home/her/.local/share/nst-onnx")


def test_downloads_are_counted_when_they_end() -> None:
    downloads = Downloads()
    for line in (
        "Resolved 31 packages in 399ms",
        "Downloading numpy (16.1MiB)",
        "Downloading idna (512.0KiB)",
    ):
        downloads.read(line)
    assert downloads.names == ["numpy", "idna"]
    assert downloads.megabytes == 0
    downloads.read(" Downloaded numpy")
    assert downloads.names == ["idna"]
    assert downloads.megabytes == pytest.approx(16.1 * 1.048576)
    downloads.read(" Downloaded idna")
    assert downloads.megabytes == pytest.approx(16.6 * 1.048576)


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (
            "error: Request failed after 3 retries in 5.2s\n"
            "  cause: Failed to fetch: https://example.org/simple/h5py/\n"
            "  cause: client error (Connect)\n  cause: dns error\n"
            "  cause: failed to lookup address information: Name or service not known",
            ["Cannot reach example.org: failed to lookup", "folder of wheels"],
        ),
        (
            "error: Failed to fetch: http://127.0.0.1:9/simple/protobuf/\n"
            "  cause: tcp connect error\n  cause: Connection refused (os error 111)",
            ["Cannot reach 127.0.0.1:9: connection refused."],
        ),
        (
            "error: Failed to download `numpy==2.5.5`\n  cause: Hash mismatch for `numpy==2.5.5`\n\n"
            "         Expected:\n           sha256:00\n",
            ["numpy==2.5.5 is not the one that was published", "Nothing was installed"],
        ),
        (
            "error: Failed to install: numpy.whl\n  cause: failed to write to file `x`\n"
            "  cause: No space left on device (os error 28)",
            ["not enough room on the disk of /home/her", "Make room"],
        ),
        ("error: failed to write\n  cause: os error 112)", ["not enough room"]),
        (
            "error: Failed to fetch: `https://example.org/simple/numpy/`\n"
            "  cause: tunnel error: unsuccessful\n  cause: 407 Proxy Authentication Required",
            ["The proxy asks for a name and a password"],
        ),
        (
            "Resolved 9 packages in 407ms\nerror: Failed to install: numpy.whl\n  cause: file size 407",
            ["The packages cannot be installed: file size 407"],
        ),
        (
            "error: Failed to fetch: `https://her:secret@example.org/simple/numpy/`\n"
            "  cause: error sending request for url (https://her:secret@example.org/simple/numpy/)\n"
            "  cause: client error (Connect)\n  cause: invalid peer certificate: UnknownIssuer",
            ["The certificate of example.org cannot be verified (invalid peer certificate: UnknownIssuer)"],
        ),
        (
            "error: No solution found when resolving dependencies\n"
            "  cause: Because numpy was not found in the package registry and you require numpy==2.5.5, your "
            "requirements are unsatisfiable.",
            ["a package of the engine is not there", "Because numpy was not found"],
        ),
        ("error: failed to rename\n  cause: Operation did not complete (os error 225)", ["virus scanner"]),
        ("something new", ["The packages cannot be installed: something new"]),
        ("", ["uv printed nothing"]),
    ],
)
def test_failures_are_sentences(printed: str, words: list[str]) -> None:
    message = str(failure_of(printed.splitlines(), FOLDER))
    assert "secret" not in message
    for part in words:
        assert part.lower() in message.lower()
