import pytest

from nst_onnx.errors import OptionError
from nst_onnx.models.layer_names import canonical, resolve


@pytest.mark.parametrize("name", ["conv3_1", "relu3_1", "block3_conv1", " conv3_1 "])
def test_one_name_for_every_spelling(name: str) -> None:
    assert canonical(name) == "conv3_1"


def test_other_networks_keep_their_names() -> None:
    assert canonical("fire2/concat") == "fire2/concat"
    assert resolve("relu1_1", ["relu1_1", "x"]) == "relu1_1"
    assert resolve("relu1_1", ["conv1_1", "x"]) == "conv1_1"


def test_unknown_layers_list_what_there_is() -> None:
    with pytest.raises(OptionError, match="'conv9_9'") as caught:
        resolve("conv9_9", ["conv1_1", "conv4_2"])
    assert "conv" in caught.value.hint
    with pytest.raises(OptionError) as caught:
        resolve("zzz", ["conv1_1", "conv4_2"])
    assert caught.value.hint == "it has conv1_1, conv4_2"
