"""The package as a whole: light to import, clear about what is missing, honest about its parts."""

import subprocess
import sys

import pytest

import nst_onnx
from nst_onnx import errors


def python(code: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_import_is_light() -> None:
    heavy = {"numpy", "onnx", "onnxruntime", "PIL", "scipy", "h5py", "rich", "typer", "tensorflow", "torch"}
    loaded = python("import sys, nst_onnx; print(*{name.partition('.')[0] for name in sys.modules})")
    assert not heavy & set(loaded.split())


def test_stylising_never_loads_a_training_framework() -> None:
    code = (
        "import sys, numpy, nst_onnx\n"
        "x = numpy.full((24, 24, 3), 0.5, 'float32')\n"
        "nst_onnx.stylize(x, x, model='compact', size=24, steps=1)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    assert not {"tensorflow", "torch", "keras", "tf2onnx"} & set(python(code).split())


def test_public_names_are_there_and_no_others() -> None:
    for name in nst_onnx.__all__:
        assert getattr(nst_onnx, name) is not None
    assert dir(nst_onnx) == nst_onnx.__all__
    with pytest.raises(AttributeError, match="nonsense"):
        _ = nst_onnx.nonsense


def test_the_function_stays_a_function() -> None:
    """Whatever else of the package has been imported before."""
    code = (
        "import nst_onnx.painting.stylizer, nst_onnx.cli.commands.stylize, nst_onnx; "
        "print(callable(nst_onnx.stylize))"
    )
    assert python(code) == "True"


def test_without_onnxruntime_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "import nst_onnx\n"
        "try: nst_onnx.Stylizer('compact')\n"
        "except nst_onnx.NstError as e: print(e, e.hint)"
    )
    said = python(code)
    assert "onnxruntime" in said
    assert "nst-onnx[cpu]" in said
    assert "nst-onnx[gpu]" in said


def test_every_error_is_an_nst_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 3
    assert all(issubclass(kind, nst_onnx.NstError) for kind in kinds)
