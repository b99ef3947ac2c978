"""``nst-onnx plugin``: install the plug-ins of editors, and diagnose them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nst_onnx.editors.plugin_files import Installed
    from nst_onnx.editors.profile import Profile
    from nst_onnx.support.module_search import Finding

app = typer.Typer(help="Put Neural Style into the menu of GIMP or Krita.", no_args_is_help=True)


class Editor(StrEnum):
    """The editors that there is a plug-in for."""

    gimp = "gimp"
    krita = "krita"


Which = Annotated[Editor, typer.Argument(metavar="gimp|krita", help="Which editor.", show_default=False)]
Everywhere = Annotated[
    bool, typer.Option("--all", metavar="", help="In every profile found, not only the newest one.")
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        metavar="FOLDER",
        help="In this profile, such as ~/.config/GIMP/3.0 or ~/.local/share/krita, or its plug-ins folder.",
    ),
]


@app.command("install")
def install(editor: Which, everywhere: Everywhere = False, folder: Folder = None) -> None:
    """Install the plug-in, then prove that it works: start the engine, and ask GIMP for the menu entry."""
    from nst_onnx.editors.errors import PluginError
    from nst_onnx.editors.registry import EDITORS

    chosen = EDITORS[editor]
    profiles = _profiles(editor, everywhere, folder)
    if not profiles:
        raise PluginError(*chosen.none_found)
    others = [str(found.folder) for found in _profiles(editor, True, None)]
    if folder is not None:
        _look(editor, profiles[0], others)
    for profile in profiles:
        print(f"Installed: {chosen.install(profile)}")
    _report(chosen.examine(profiles))
    print(chosen.then)
    left = [name for name in others if name not in [str(profile.folder) for profile in profiles]]
    if left and folder is None:
        print(f"Not installed in {', '.join(left)}; --all does that too.")


@app.command("list")
def show() -> None:
    """List the profiles found, and what is installed in them."""
    from nst_onnx.cli import table
    from nst_onnx.editors.registry import EDITORS

    rows = []
    for name, editor in EDITORS.items():
        for profile in _profiles(name, True, None):
            found = editor.installed(profile)
            rows.append(
                (name, editor.version(profile), profile.packaging, _state(found), str(profile.folder))
            )
    table.show(("editor", "version", "packaging", "installed", "profile"), rows)


@app.command("uninstall")
def uninstall(editor: Which, everywhere: Everywhere = False, folder: Folder = None) -> None:
    """Remove the plug-in."""
    from nst_onnx.editors.errors import PluginError
    from nst_onnx.editors.registry import EDITORS

    removed = [EDITORS[editor].uninstall(profile) for profile in _profiles(editor, everywhere, folder)]
    if not any(removed):
        raise PluginError("the plug-in is not installed there", "see where it is with: nst-onnx plugin list")
    for place in filter(None, removed):
        print(f"Removed: {place}")


@app.command("doctor")
def doctor(
    editor: Annotated[
        Editor | None,
        typer.Argument(metavar="[gimp|krita]", help="Which editor; all that were found if not said."),
    ] = None,
    folder: Folder = None,
) -> None:
    """Find out why the menu entry is missing, and say what to do."""
    from nst_onnx.editors.errors import PluginError
    from nst_onnx.editors.registry import EDITORS

    if editor is not None:
        names = [str(editor)]
    elif folder is None:
        names = [name for name in EDITORS if _profiles(name, True, None)] or list(EDITORS)
    else:
        raise PluginError("a folder may be any editor's", "say which: gimp or krita")
    _report(finding for name in names for finding in EDITORS[name].examine(_profiles(name, True, folder)))


def _look(editor: Editor, profile: Profile, found: list[str]) -> None:
    """Warn of a folder that the editor may not read. Raises PluginError for one that does not exist."""
    from nst_onnx.editors.errors import PluginError
    from nst_onnx.editors.registry import EDITORS
    from nst_onnx.support.module_search import Finding

    folder, chosen = profile.folder, EDITORS[editor]
    if str(folder) in found:
        return
    known = f"the profiles found are: {', '.join(found)}" if found else "; ".join(chosen.none_found)
    if not folder.is_dir():
        raise PluginError(f"there is no folder {folder}, so {chosen.name} does not read it", known)
    if not any((folder / name).exists() for name in chosen.signs):
        text = f"{folder} does not look like a profile of {chosen.name}, which may not read it; {known}"
        _report([Finding("folder", "warning", text)])


def _state(found: Installed | None) -> str:
    if found is None:
        return "-"
    if found.version is None:
        return "damaged: install it again"
    return found.version if found.current else f"{found.version}: out of date, install it again"


def _profiles(editor: str, everywhere: bool, folder: Path | None) -> list[Profile]:
    from nst_onnx.editors.registry import EDITORS

    if folder is not None:
        return [EDITORS[editor].given(folder.expanduser().absolute())]
    found: list[Profile] = list(EDITORS[editor].profiles())
    return found if everywhere else found[-1:]


def _report(findings: Iterable[Finding]) -> None:
    from nst_onnx.cli.commands.doctor import MARKS
    from nst_onnx.cli.errors import FAILED

    broken = False
    for finding in findings:
        print(f"{MARKS[finding.state]} {finding.name:<8} {finding.text}", flush=True)
        broken = broken or finding.state == "broken"
    if broken:
        raise typer.Exit(FAILED)
