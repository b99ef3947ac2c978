"""What somebody chose, on the command line and in a configuration, as the library takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nst_onnx.cli import config as configuration
from nst_onnx.cli import syntax
from nst_onnx.errors import OptionError

if TYPE_CHECKING:
    from nst_onnx.models.metadata import Preprocessing
    from nst_onnx.objective.sessions import Network
    from nst_onnx.painting.stylizer import Stylizer


@dataclass(frozen=True)
class Choice:
    """`options` are the fields of `painting.options.Options`; `others` everything else that was given."""

    options: dict[str, Any]
    others: dict[str, Any]

    @classmethod
    def of(cls, given: Mapping[str, Any], config: Path | None = None) -> Choice:
        """Sort what was `given` by name (None: not given) over what `config` says.

        Raises OptionError for any value that makes no sense.
        """
        from nst_onnx.painting.options import Options

        values = configuration.read(config) if config else {}
        values |= syntax.parse({name: value for name, value in given.items() if value is not None})
        known = [field.name for field in fields(Options)]
        options = {name: value for name, value in values.items() if name in known}
        Options.of(options)
        if values.get("threads", 0) < 0:
            raise OptionError(f"threads must be at least 0, not {values['threads']}")
        return cls(options, {name: value for name, value in values.items() if name not in known})

    def stylizer(self) -> Stylizer:
        """Open the model on the device. Raises NstError."""
        from nst_onnx.painting.stylizer import Stylizer

        return Stylizer(self.network())

    def network(self) -> Network:
        """Open the model on the device, as the preset takes it. Raises NstError."""
        from nst_onnx.painting import presets
        from nst_onnx.painting.network_choice import NetworkChoice
        from nst_onnx.painting.options import Options

        choice = NetworkChoice(
            self.others.get("model", "auto"),
            self.others.get("device"),
            self.others.get("threads", 0),
            preprocessing(self.others),
        )
        return choice.open(presets.find(self.options.get("preset", Options.preset)))

    @contextmanager
    def opened(self, ray: str | None, workers: int | None) -> Iterator[Stylizer]:
        """Open the model, and yield the stylizer; with `ray`, workers of that cluster share its pictures."""
        from nst_onnx.api import shard_team
        from nst_onnx.painting.stylizer import Stylizer

        network = self.network()
        with shard_team(ray, workers, network.device) as team:
            yield Stylizer(network, team=team)


def preprocessing(given: Mapping[str, Any]) -> Preprocessing | None:
    """Return how a foreign model wants its picture, None where nothing of it is given.

    What is not given: RGB, no mean, no division, and 0..255 where a mean is above 1, else 0..1.
    Raises OptionError.
    """
    from nst_onnx.models.metadata import preprocessing_of

    said = {name: given[name] for name in ("channel_order", "scale", "mean", "std") if name in given}
    if not said:
        return None
    try:
        mean = tuple(map(float, said.get("mean", (0, 0, 0))))
        return preprocessing_of(
            str(said.get("channel_order", "RGB")).upper(),
            float(said.get("scale", 255 if max(mean, default=0) > 1 else 1)),
            mean,
            tuple(map(float, said.get("std", (1, 1, 1)))),
        )
    except (TypeError, ValueError) as error:
        raise OptionError(f"the model's preprocessing makes no sense: {error}") from error
