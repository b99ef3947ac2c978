"""Options from the command line and from a configuration file, checked, as the library takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nst_onnx.cli import config as configuration
from nst_onnx.cli.errors import reading_options
from nst_onnx.cli.run_options import RunOptions
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.region import files_of
from nst_onnx.painting.region_options import MASKS

if TYPE_CHECKING:
    from nst_onnx.objective.sessions import Network
    from nst_onnx.painting.stylizer import Stylizer


@dataclass(frozen=True)
class Arguments:
    """`options`: those given of the painting (or the video); `run`: model, device and file format."""

    options: OptionValues
    run: RunOptions

    @classmethod
    def of(
        cls, given: Mapping[str, object], config: Path | None = None, kind: type[Options] = Options
    ) -> Arguments:
        """Return what is `given` by name (None: not given), over what `config` has.

        `kind`: whose options `options` are. Raises UsageError for an invalid value.
        """
        with reading_options():
            values = configuration.read(config) if config else {}
            known = configuration.options()
            for name, value in given.items():
                if value is not None:
                    values[name] = known[name].load(value)
            options = {name: value for name, value in values.items() if name in kind.table()}
            kind.of(options)
            run = RunOptions.of({name: value for name, value in values.items() if name in RunOptions.table()})
            run.preprocessing()
        return cls(cast(OptionValues, options), run)

    def stylizer(self) -> Stylizer:
        """Open the model on the device. Raises NstError."""
        from nst_onnx.painting.stylizer import Stylizer

        return Stylizer(self.network())

    def network(self) -> Network:
        """Open the model on the device, as the preset takes it. Raises NstError."""
        from nst_onnx.painting import presets
        from nst_onnx.painting.network_choice import NetworkChoice

        choice = NetworkChoice(self.run.model, self.run.device, self.run.threads, self.run.preprocessing())
        return choice.open(presets.find(self.options.get("preset", Options.preset)))

    @contextmanager
    def opened(self, ray: str | None, workers: int | None) -> Iterator[Stylizer]:
        """Open the model, and yield the stylizer; with `ray`, workers of that cluster share its pictures."""
        from nst_onnx.api import shard_team
        from nst_onnx.painting.stylizer import Stylizer

        network = self.network()
        with shard_team(ray, workers, network.device) as team:
            yield Stylizer(network, team=team)


def pictures_among(options: OptionValues) -> list[str]:
    """Return the names of the picture files that options name: they are never written over."""
    given = [options.get(name) for name in ("init", *MASKS)]
    return [*(one for one in given if isinstance(one, str)), *files_of(options.get("regions") or ())]
