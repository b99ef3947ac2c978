from __future__ import annotations

import os
import stat

import pytest

from nst_onnx.support.atomic_files import probe, replacing

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")


def names(folder) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_new_file_appears_only_at_the_end(tmp_path):
    path = tmp_path / "file"
    with replacing(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OSError])
def test_any_interruption_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as file:  # noqa: PT012
        file.write(b"half of the n")
        raise error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_respects_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        with replacing(tmp_path / "file") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_replaced_file_keeps_its_permissions(tmp_path, mode):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
def test_a_link_is_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")
    with replacing(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "file").read_bytes() == b"new"


@posix
def test_another_name_of_the_old_file_keeps_the_old_content(tmp_path):
    """What tells replacing from overwriting in place."""
    (tmp_path / "file").write_bytes(b"old")
    os.link(tmp_path / "file", tmp_path / "backup")
    with replacing(tmp_path / "file") as file:
        file.write(b"new")
    assert (tmp_path / "backup").read_bytes() == b"old"


def test_a_long_name_is_no_obstacle(tmp_path):
    path = tmp_path / ("x" * 240 + ".png")
    with replacing(path) as file:
        file.write(b"x")
    assert path.exists()


def test_probe_leaves_no_file_and_detects_a_missing_folder(tmp_path):
    probe(tmp_path / "file")
    assert names(tmp_path) == []
    with pytest.raises(OSError, match="No such file"):
        probe(tmp_path / "no" / "file")
