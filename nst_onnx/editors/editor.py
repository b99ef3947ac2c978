"""Descriptor of one editor: what ``nst-onnx plugin`` needs to find it, install into it and check it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from nst_onnx.editors.plugin_files import Installed
from nst_onnx.editors.profile import Profile
from nst_onnx.support.diagnostics import Finding

P = TypeVar("P", bound=Profile)


@dataclass(frozen=True, kw_only=True)
class Editor(Generic[P]):
    """An editor whose profiles are of type `P`.

    `title`: its name in messages. `signs`: files and folders of which a profile contains at least one after
    the editor's first start. `none_found`: message and hint where there is no profile. `next_step`: what the
    user does after the installation. `profiles` returns those found, the preferred one last; `given` the one
    in a folder that the user names. `uninstall` returns None where nothing was installed. `install` and
    `uninstall` raise PluginError.
    """

    title: str
    signs: tuple[str, ...]
    none_found: tuple[str, str]
    next_step: str
    profiles: Callable[[], list[P]]
    given: Callable[[Path], P]
    install: Callable[[P], Path]
    uninstall: Callable[[P], Path | None]
    installed: Callable[[P], Installed | None]
    examine: Callable[[Sequence[P]], Iterator[Finding]]
