"""The plug-ins' ZIPs: what is in them, where, and that building them again gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.engine_wheels import TAGS, build_zips, engine_wheel, packages
from support.wheel_index import Index, make_wheel

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.engine_setup import computer
from nst_client.engine_setup.computer import suits, wheel_for
from nst_client.engine_setup.parts import RemoteFile

pytestmark = pytest.mark.skipif(computer.kind() not in TAGS, reason="uv has no wheel for this computer")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    packages(folder, computer.kind())
    with Index(folder) as index:
        yield index


@pytest.fixture(scope="module")
def built(index: Index, tmp_path_factory: pytest.TempPathFactory) -> dict[str, zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("zips")
    zips = build_zips(engine_wheel(folder), index.address, folder)
    assert {path.name for path in zips.values()} == {"nst-onnx-gimp-0.1.0.zip", "nst-onnx-krita-0.1.0.zip"}
    return {editor: zipfile.ZipFile(path) for editor, path in zips.items()}


def files(archive: zipfile.ZipFile) -> set[str]:
    return {name for name in archive.namelist() if not name.endswith("/")}


@pytest.mark.parametrize("editor", ["gimp", "krita"])
def test_a_zip_has_the_plug_in_the_client_and_the_parts(
    built: dict[str, zipfile.ZipFile], editor: str
) -> None:
    plugin = ROOT / "plugin"
    wanted = {
        f"{to}/{path.relative_to(folder).as_posix()}"
        for folder, to in (
            (plugin / editor / "neural_style", "neural_style"),
            (plugin / "nst_client", "neural_style/nst_client"),
        )
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {
        f"neural_style/setup/{name}"
        for name in (
            "setup.json",
            "requirements.txt",
            "requirements-openvino.txt",
            "nst_onnx-0.1.0-py3-none-any.whl",
        )
    }
    if editor == "krita":
        wanted.add("neural_style.desktop")
    assert files(built[editor]) == wanted


def test_gimps_plug_in_lies_one_folder_deep_and_may_be_run(built: dict[str, zipfile.ZipFile]) -> None:
    assert {name.partition("/")[0] for name in built["gimp"].namelist()} == {"neural_style"}
    modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in built["gimp"].infolist()}
    assert modes["neural_style/neural_style.py"] == 0o755
    assert modes["neural_style/dialog.py"] == 0o644


def test_kritas_importer_finds_the_package(built: dict[str, zipfile.ZipFile]) -> None:
    """It looks for an entry of the folder itself, with __init__.py after it."""
    names = built["krita"].namelist()
    assert "neural_style/" in names
    assert "neural_style/__init__.py" in names
    assert [name for name in names if name.endswith(".desktop")] == ["neural_style.desktop"]


def test_every_package_has_its_checksum(built: dict[str, zipfile.ZipFile], index: Index) -> None:
    for name, count in (("requirements.txt", 2), ("requirements-openvino.txt", 3)):
        text = built["gimp"].read(f"neural_style/setup/{name}").decode()
        assert text.count("==1.0") == count
        for package in [line.partition("==")[0] for line in text.splitlines() if "==" in line]:
            (wheel,) = index.folder.glob(f"{package.replace('-', '_')}-*.whl")
            assert hashlib.sha256(wheel.read_bytes()).hexdigest() in text
        assert "nst-onnx" not in text


def test_setup_json_names_the_wheel_uv_and_the_sizes(built: dict[str, zipfile.ZipFile], index: Index) -> None:
    facts = json.loads(built["krita"].read("neural_style/setup/setup.json"))
    wheel = built["krita"].read(f"neural_style/setup/{facts['wheel']['name']}")
    assert hashlib.sha256(wheel).hexdigest() == facts["wheel"]["sha256"]
    (uv,) = index.folder.glob("uv-*.whl")
    assert facts["uv"]["files"] == [
        {
            "name": uv.name,
            "sha256": hashlib.sha256(uv.read_bytes()).hexdigest(),
            "size": uv.stat().st_size,
        }
    ]
    assert set(facts["megabytes"]) == {
        f"{system}-{machine}" for system in ("linux", "windows", "macos") for machine in ("x86_64", "arm64")
    }


def test_the_same_parts_give_the_same_bytes(index: Index, tmp_path: Path) -> None:
    wheel = engine_wheel(tmp_path)
    first, second = (
        build_zips(wheel, index.address, tmp_path / name)["gimp"].read_bytes() for name in ("one", "two")
    )
    assert first == second


def test_a_computer_without_a_package_is_left_out(index: Index, tmp_path: Path) -> None:
    kind = computer.kind()
    folder = tmp_path / "index"
    packages(folder, kind)
    (folder / "onnxruntime-1.0-py3-none-any.whl").unlink()
    make_wheel(folder, "onnxruntime", "1.0", {"onnxruntime.py": b""}, tag=TAGS[kind])
    with Index(folder) as other:
        archive = build_zips(engine_wheel(tmp_path), other.address, tmp_path)["gimp"]
    facts = json.loads(zipfile.ZipFile(archive).read("neural_style/setup/setup.json"))
    assert set(facts["megabytes"]) == {kind}


@pytest.mark.parametrize(
    ("wheel", "kinds"),
    [
        ("a-1-py3-none-any.whl", set(computer._PLATFORM_TAGS)),
        ("a-1-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", {"linux-x86_64"}),
        ("a-1-py3-none-manylinux2014_aarch64.musllinux_1_1_aarch64.whl", {"linux-arm64"}),
        ("a-1-py3-none-musllinux_1_1_x86_64.whl", set()),
        ("a-1-py3-none-win_amd64.whl", {"windows-x86_64"}),
        ("a-1-py3-none-win32.whl", set()),
        ("a-1-cp312-cp312-macosx_11_0_arm64.whl", {"macos-arm64"}),
        ("a-1-cp312-cp312-macosx_10_9_universal2.whl", {"macos-arm64", "macos-x86_64"}),
    ],
)
def test_which_wheels_suit_which_computers(wheel: str, kinds: set[str]) -> None:
    assert {kind for kind in computer._PLATFORM_TAGS if suits(wheel, kind)} == kinds


def test_the_wheel_with_the_oldest_tag_is_taken() -> None:
    names = ["uv-1-py3-none-manylinux_2_28_aarch64.whl", "uv-1-py3-none-manylinux_2_17_aarch64.whl"]
    found = wheel_for("linux-arm64", [RemoteFile(name, "", 0) for name in names])
    assert found is not None
    assert "2_17" in found.name
    assert wheel_for("macos-arm64", []) is None
