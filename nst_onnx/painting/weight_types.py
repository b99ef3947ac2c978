"""Types of option values that weigh something by name: layers, style statistics, style pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nst_onnx.errors import OptionError
from nst_onnx.painting import option_syntax as syntax
from nst_onnx.painting.option_types import Choice, Number, OptionType, Suggestions, Text
from nst_onnx.support.arguments import shown


class LayerWeights(OptionType):
    """Names of layers, or {name: weight}."""

    metavar = "LAYERS"
    stored = (list, dict)

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless at least one layer is named and weights are valid."""
        if isinstance(value, str | bytes) or not isinstance(value, Mapping | Sequence):
            raise OptionError(f"{name} must be a list of names, or names with weights, not {shown(value)}")
        for layer in value:
            Text().check(name, layer)
        if not value:
            raise OptionError(f"{name} is empty", "name at least one layer, or give the loss a weight of 0")
        if isinstance(value, Mapping):
            Weights().check(name, list(value.values()))

    def parse(self, text: str) -> object:
        """Return names from conv1_1,conv2_1, or {name: weight} from conv1_1=1,conv2_1=0.5."""
        return syntax.layers(text)

    def is_stored_as(self, value: object) -> bool:
        """Return True for a list of names and for a table."""
        names = value if isinstance(value, list) else []
        return super().is_stored_as(value) and all(isinstance(name, str) for name in names)

    def describe(self) -> str:
        """Return the forms."""
        return "`a,b` or `a=1,b=0.5`"

    def schema(self) -> dict[str, object]:
        """Return the type."""
        return {"type": "layers"}


class Statistics(LayerWeights):
    """Names of style statistics, or {name: weight}."""

    metavar = "NAMES"

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless every name is a statistic's and weights are valid."""
        from nst_onnx.objective.losses import STATISTICS

        if isinstance(value, str):
            value = [value]
        super().check(name, value)
        assert isinstance(value, Mapping | Sequence)
        for statistic in value:
            Choice(*STATISTICS).check(name, statistic)

    def describe(self) -> str:
        """Return the names and the form."""
        from nst_onnx.objective.losses import STATISTICS

        return f"{Choice(*STATISTICS).describe()}, or `moments=1,wasserstein=0.5`"

    def schema(self) -> dict[str, object]:
        """Return the type and the names."""
        from nst_onnx.objective.losses import STATISTICS

        return {"type": "statistics", "choices": list(STATISTICS)}

    def suggestions(self) -> Suggestions:
        """Return the names."""
        from nst_onnx.objective.losses import STATISTICS

        return list(STATISTICS)


class Weights(OptionType):
    """A list of weights of at least 0, not all 0."""

    metavar = "2,1"
    stored = (list,)

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless each weight is a number of at least 0, and one is positive."""
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise OptionError(f"{name} must be a list of numbers, not {shown(value)}")
        for weight in value:
            Number().check(name, weight)
        if not sum(value) > 0:
            raise OptionError(f"{name} must not be all zero", "give at least one a positive weight")

    def parse(self, text: str) -> object:
        """Return numbers from 2,1."""
        return syntax.numbers(text)

    def describe(self) -> str:
        """Return the form."""
        return "`2,1`"

    def schema(self) -> dict[str, object]:
        """Return the type."""
        return {"type": "weights"}
