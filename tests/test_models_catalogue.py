import os
import subprocess
import sys
import warnings
from pathlib import Path

import onnx
import pytest
from support import weight_files
from support.checkout import ROOT
from support.weight_files import network

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.models import catalogue, extractor, vgg
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.metadata import CAFFE, TORCHVISION
from nst_onnx.models.weights import LICENCE, Weights


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, an empty working directory, and no environment."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("NST_ONNX_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NST_ONNX_MODEL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def weight_file(tmp_path: Path) -> Path:
    return weight_files.write_npz(tmp_path / "downloaded.npz", network("vgg19", published="vgg19"))


@pytest.fixture
def compact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of the package whose shipped network is a small one."""
    package = tmp_path / "site" / "nst_onnx"
    (package / "model").mkdir(parents=True)
    (package / "models").mkdir()
    path = package / "model" / "compact.onnx"
    onnx.save(vgg.build(Weights("compact", network(blocks=3), CAFFE), pooling="average"), path)
    monkeypatch.setattr(catalogue, "__file__", str(package / "models" / "catalogue.py"))
    return path


def save(path: Path, name: str = "vgg19") -> Path:
    path.parent.mkdir(exist_ok=True)
    onnx.save(vgg.build(Weights(name, network(name), CAFFE)), path)
    return path


# --- what "auto" takes


def test_auto_takes_the_best_there_is(weight_file: Path, compact: Path, monkeypatch, tmp_path: Path) -> None:
    assert catalogue.locate() == catalogue.locate("auto") == compact
    sixteen = catalogue.add(save(tmp_path / "sixteen.onnx", "vgg16"))
    assert catalogue.locate() == sixteen
    nineteen = catalogue.add(weight_file)
    assert catalogue.locate() == nineteen
    local = save(Path("model") / "mine-19.onnx")
    assert catalogue.locate() == local.resolve()
    chosen = save(tmp_path / "chosen.onnx")
    monkeypatch.setenv("NST_ONNX_MODEL", str(chosen))
    assert catalogue.locate() == chosen
    monkeypatch.setenv("NST_ONNX_MODEL", "vgg16")
    assert catalogue.locate() == sixteen
    assert catalogue.locate("vgg19") == nineteen


def test_the_environment_must_name_a_model(compact: Path, monkeypatch) -> None:
    monkeypatch.setenv("NST_ONNX_MODEL", "nowhere.onnx")
    with pytest.raises(ModelError, match=r"NST_ONNX_MODEL=nowhere\.onnx: there is no model"):
        catalogue.locate()


def test_weight_files_in_the_working_directory_are_converted_once(weight_file: Path, home: Path) -> None:
    Path("model").mkdir()
    (Path("model") / "vgg.npz").write_bytes(weight_file.read_bytes())
    first = catalogue.locate()
    assert first.parent == home / "converted"
    before = first.stat()
    assert catalogue.locate() == first
    assert first.stat().st_mtime_ns == before.st_mtime_ns
    assert extractor.load(first).facts.name == "vgg19"
    changed = network("vgg19", published="vgg19", blocks=4)
    weight_files.write_npz(Path("model") / "vgg.npz", changed)
    assert catalogue.locate() != first
    assert "conv5_1" not in extractor.load(catalogue.locate()).layers


def test_vgg19_comes_before_other_files(weight_file: Path) -> None:
    Path("model").mkdir()
    weight_files.write_npz(Path("model") / "a.npz", network("vgg16", published="vgg16"))
    (Path("model") / "b-vgg19.npz").write_bytes(weight_file.read_bytes())
    assert extractor.load(catalogue.locate()).facts.name == "vgg19"


def test_a_truncated_file_in_the_folder_is_called_damaged(compact: Path, weight_file: Path) -> None:
    Path("model").mkdir()
    (Path("model") / "vgg19.npz").write_bytes(weight_file.read_bytes()[:-500])
    with pytest.warns(ModelWarning, match=r"vgg19\.npz is damaged: its end is missing"):
        assert catalogue.locate() == compact


def test_other_files_in_the_folder_are_skipped_with_a_warning(compact: Path) -> None:
    Path("model").mkdir()
    (Path("model") / "other.h5").write_bytes(b"something else")
    (Path("model") / "broken.onnx").write_bytes(b"something else")
    save(Path("model") / "compact.onnx").write_bytes(compact.read_bytes())  # not the trained network
    with pytest.warns(ModelWarning) as caught:
        assert catalogue.locate() == compact
    assert sorted(str(w.message).split(" ")[0] for w in caught) == [
        str(Path("model") / "broken.onnx"),
        str(Path("model") / "other.h5"),
    ]


# --- names and paths


def test_paths(weight_file: Path, home: Path, tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx")
    assert catalogue.locate(path) == catalogue.locate(str(path)) == path
    assert catalogue.locate(weight_file).parent == home / "converted"


@pytest.mark.parametrize(
    ("model", "message", "hint"),
    [
        ("vgg19", "vgg19 is not installed", "nst-onnx models fetch vgg19"),
        ("nonsense", "there is no model 'nonsense'", "compact"),
        ("no/such.onnx", "there is no model", "auto, compact"),
        (".", "is a folder", "give a file"),
    ],
)
def test_what_cannot_be_found(model: str, message: str, hint: str, compact: Path) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        catalogue.locate(model)
    assert hint in caught.value.hint


def test_a_package_without_its_network(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(catalogue, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(ModelError, match="compact network that ships"):
        catalogue.locate()
    assert catalogue.installed() == []


# --- installing


def test_adding_weights(weight_file: Path, compact: Path, home: Path) -> None:
    path = catalogue.add(weight_file)
    assert path == home / "models" / "vgg19.onnx"
    assert catalogue.add(weight_file, name="mine").stem == "mine"
    entries = catalogue.installed()
    assert [(e.name, e.origin) for e in entries] == [
        ("mine", "installed"),
        ("vgg19", "installed"),
        ("compact", "shipped"),
    ]
    assert all(e.size == e.path.stat().st_size and catalogue.locate(e.name) == e.path for e in entries)
    info = catalogue.info("vgg19")
    assert (info.published, info.facts.licence) == ("vgg19", LICENCE)
    assert info.parameters == sum(k.size + b.size for k, b in network("vgg19").values())
    assert info.facts.source == "downloaded.npz"
    assert catalogue.verify("vgg19") == info


def test_adding_foreign_models(tmp_path: Path, home: Path) -> None:
    path = save(tmp_path / "My Net (2).onnx")
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(ModelError, match="does not declare how"):
        catalogue.add(path)
    assert not home.exists()
    added = catalogue.add(path, preprocessing=TORCHVISION)
    assert added.name == "My-Net-2.onnx"
    assert extractor.load(added).facts.preprocessing == TORCHVISION  # it knows now
    assert catalogue.info("My-Net-2").published == ""


def test_preprocessing_overrides_the_layouts_default(tmp_path: Path) -> None:
    path = weight_files.write_npz(tmp_path / "n.npz", network())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the warning of a guessed preprocessing
        added = catalogue.add(path, preprocessing=TORCHVISION)
    assert extractor.load(added).facts.preprocessing == TORCHVISION


def test_the_preprocessing_of_published_networks_is_known(weight_file: Path, home: Path) -> None:
    with pytest.raises(ModelError, match=r"downloaded\.npz is vgg19, whose preprocessing is known"):
        catalogue.add(weight_file, preprocessing=TORCHVISION)
    assert not home.exists()


@pytest.mark.parametrize("name", ["auto", "compact", "a/b", "..", "", ".hidden", "a b"])
def test_names_that_cannot_be(name: str, weight_file: Path, home: Path) -> None:
    if name == "":
        assert catalogue.add(weight_file, name=name).stem == "vgg19"  # as if none were given
        return
    with pytest.raises(OptionError, match="cannot be the name of a model"):
        catalogue.add(weight_file, name=name)
    assert not home.exists()


def test_adding_again_replaces(weight_file: Path, tmp_path: Path) -> None:
    catalogue.add(weight_file)
    catalogue.add(save(tmp_path / "other.onnx", "vgg16"), name="vgg19")
    assert len(catalogue.info("vgg19").layers) == len(network("vgg16"))


def test_the_name_it_is_added_under_is_the_models_own(weight_file: Path, tmp_path: Path) -> None:
    catalogue.add(weight_file, name="mine")
    catalogue.add(save(tmp_path / "other.onnx"), name="other")
    assert [catalogue.verify(name).facts.name for name in ("mine", "other")] == ["mine", "other"]


# --- removing


def test_removing(weight_file: Path, home: Path, compact: Path) -> None:
    path = catalogue.add(weight_file)
    assert catalogue.trained()
    assert catalogue.installed_path("vgg19") == path
    catalogue.remove(path)
    assert list((home / "models").iterdir()) == []
    assert not catalogue.trained()


@pytest.mark.parametrize("name", ["vgg19", "compact", "../converted/x", "auto"])
def test_what_cannot_be_removed(name: str, weight_file: Path, compact: Path) -> None:
    kept = [catalogue.add(weight_file, name="mine"), catalogue.locate(weight_file), compact]
    with pytest.raises(ModelError, match="there is no installed model") as caught:
        catalogue.installed_path(name)
    assert caught.value.hint == "installed: mine"
    assert all(path.is_file() for path in kept)
    assert catalogue.conversions() == kept[1:2]


def test_what_cannot_be_added_leaves_nothing(tmp_path: Path, home: Path) -> None:
    (tmp_path / "bad.h5").write_bytes(b"nothing")
    for path in (tmp_path / "bad.h5", tmp_path / "missing.h5", tmp_path):
        with pytest.raises(ModelError):
            catalogue.add(path)
    assert not home.exists()


# --- verifying


def test_a_changed_file_is_noticed(weight_file: Path) -> None:
    path = catalogue.add(weight_file)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="checksum differs"):
        catalogue.verify("vgg19")


def test_a_network_with_a_published_name_but_another_first_layer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "v.onnx"
    onnx.save(vgg.build(Weights("vgg19", network("vgg19"), CAFFE, licence=LICENCE)), path)
    with pytest.raises(ModelError, match="another first layer"):
        catalogue.verify(path)


# --- folders that may not or cannot be written


def test_a_home_that_is_a_file(weight_file: Path, home: Path) -> None:
    home.write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written") as caught:
        catalogue.add(weight_file)
    assert "NST_ONNX_HOME" in caught.value.hint


def test_weights_are_converted_even_where_the_cache_cannot_be_written(weight_file: Path, home: Path) -> None:
    home.write_text("in the way")
    code = (
        "import sys, warnings\n"
        "from nst_onnx.models import catalogue, extractor\n"
        "warnings.simplefilter('always')\n"
        "path = catalogue.locate(sys.argv[1]); print(path); print(extractor.load(path).facts.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(weight_file)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    path, name = done.stdout.splitlines()
    assert name == "vgg19"
    assert "downloaded.npz is converted anew each time" in done.stderr
    assert not Path(path).parent.exists()  # gone with the process


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_a_full_disk_leaves_nothing(weight_file: Path, home: Path) -> None:
    """The limit on a process' file size stands for a full disk: writing fails half-way."""
    code = (
        "import resource, sys; from nst_onnx.models import catalogue\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "catalogue.add(sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(weight_file)],  # -B: bytecode would be cut short
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NST_ONNX_HOME": str(home)},
    )
    assert "ModelError" in done.stderr
    assert "cannot be written" in done.stderr
    assert list((home / "models").iterdir()) == []


def test_home(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NST_ONNX_HOME", "~/nst")
    assert catalogue.home() == Path.home() / "nst"
    monkeypatch.delenv("NST_ONNX_HOME")
    assert catalogue.home().name == "nst-onnx"
