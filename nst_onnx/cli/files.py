"""Files that `stylize` writes: checked before the run, written during and after it."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nst_onnx.cli import loss_plot, pipes
from nst_onnx.cli.errors import UsageError, one_line
from nst_onnx.cli.output_checks import check_apart, check_new, check_writable
from nst_onnx.errors import NstError
from nst_onnx.support.throttle import Throttle

if TYPE_CHECKING:
    from nst_onnx.painting.checkpoint import Checkpoint
    from nst_onnx.painting.result import Result
    from nst_onnx.painting.step import Step
    from nst_onnx.picture.photo_metadata import Kept

SECONDS_BETWEEN_PREVIEWS = 1.0
SECONDS_BETWEEN_STATES, SHARE_OF_STATES = 0.3, 0.01  # states are large: spare the disk


@dataclass
class Files:
    """Paths of the picture (`output`; with a `format` standard output), its `preview`, the `plot` of losses
    and the checkpoint (`state`).

    Every `save_every` steps a numbered picture is written beside `output`. Only `output` must succeed: any
    other file that cannot be written is a warning and does not end the run.
    """

    output: Path
    format: str | None = None
    bits: int | None = None
    jpeg_quality: int = 95
    metadata: Kept = "keep"
    preview: Path | None = None
    plot: Path | None = None
    state: Path | None = None
    save_every: int | None = None
    _previews: Throttle = field(default_factory=lambda: Throttle(SECONDS_BETWEEN_PREVIEWS))
    _states: Throttle = field(default_factory=lambda: Throttle(SECONDS_BETWEEN_STATES, SHARE_OF_STATES))
    _broken: set[str] = field(default_factory=set)

    def check(self, inputs: Iterable[str], *, overwrite: bool) -> None:
        """Raise NstError for whatever would go wrong at the end of the work; change nothing."""
        from nst_onnx import picture

        output = None if self.format else self.output
        written = [path for path in (output, self.preview, self.plot) if path]
        check_apart([*written, *([self.state] if self.state else [])], inputs)
        picture.check_writable(self._checked_name, 8 if self.bits is None else self.bits)
        if self.format and self.save_every is not None:
            raise UsageError("--save-every writes files beside the output", "give -o a file")
        if self.save_every is not None and self.save_every < 1:
            raise UsageError(f"--save-every must be at least 1, not {self.save_every}")
        if self.preview:
            picture.check_writable(self.preview)
        if self.plot:
            loss_plot.check(self.plot)
        if self.state:
            check_writable(self.state)
        numbered = list(self._numbered_already()) if self.save_every else []
        check_apart(numbered, inputs)
        if not overwrite:
            check_new([*written, *([] if self.state and self.state.exists() else numbered)])

    def load_state(self) -> Checkpoint | None:
        """Return what an earlier run saved, None where there is nothing yet.

        Raises OptionError where the file is something else.
        """
        from nst_onnx.painting.checkpoint import Checkpoint

        return Checkpoint.load(self.state) if self.state and self.state.exists() else None

    def follow(self, step: Step) -> None:
        """Write what is due after a step."""
        if self.save_every and step.iteration % self.save_every == 0:
            self._try("numbered pictures", lambda: self._write(self.numbered(step.iteration), step))
        if (preview := self.preview) and self._previews.due():
            self._previews.run(lambda: self._try("the preview", lambda: self._write(preview, step)))
        if self.state and self._states.due():
            self._states.run(lambda: self.save_state(step))

    def numbered(self, iteration: int) -> Path:
        """Return where the picture after `iteration` steps goes: OUT-0020.png."""
        return self.output.with_stem(f"{self.output.stem}-{iteration:04}")

    def _numbered_already(self) -> Iterator[Path]:
        """Return what stands where numbered pictures may go."""
        name = re.compile(rf"{re.escape(self.output.stem)}-\d{{4,}}{re.escape(self.output.suffix)}")
        return (path for path in self.output.parent.iterdir() if name.fullmatch(path.name))

    def save_state(self, step: Step) -> None:
        """Save the checkpoint after `step`."""
        if (state := self.state) and step.resumable:
            self._try("the state", lambda: step.checkpoint().save(state))

    def finish(self, result: Result, *, complete: bool) -> None:
        """Write the picture and the plot; with a `complete` picture, the state has served its purpose."""
        if self.format:
            pipes.write(self.format, lambda path: self._save(result, path))
        else:
            self._save(result, self.output)
        if self.preview:
            self._try(
                "the preview", lambda: result.save(self.preview or "", bits=8, quality=self.jpeg_quality)
            )
        if (plot := self.plot) and result.history:
            self._try("the plot", lambda: loss_plot.draw(result.history, plot))
        if complete and self.state:
            with suppress(OSError):
                self.state.unlink(missing_ok=True)

    @property
    def place(self) -> str:
        """Where the picture is written to, for messages."""
        return "standard output" if self.format else str(self.output)

    @property
    def _checked_name(self) -> Path:
        """The output, or a file of its format where there is certainly room."""
        return Path(tempfile.gettempdir()) / f"nst-onnx.{self.format}" if self.format else self.output

    def _save(self, result: Result, path: Path) -> None:
        result.save(path, bits=self.bits, quality=self.jpeg_quality, metadata=self.metadata)

    def _write(self, path: Path, step: Step) -> None:
        from nst_onnx import picture

        picture.write(path, step.array, quality=self.jpeg_quality)

    def _try(self, what: str, action: Callable[[], None]) -> None:
        if what in self._broken:
            return
        try:
            action()
        except (NstError, OSError) as error:
            self._broken.add(what)
            print(one_line("warning", f"from now on without {what}: {error}"), file=sys.stderr)
