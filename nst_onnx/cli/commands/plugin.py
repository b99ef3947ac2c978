"""``nst-onnx plugin``: install, list, check and remove the plug-ins of the editors in `EDITORS`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nst_onnx.editors.registry import EDITORS
from nst_onnx.errors import PluginError

if TYPE_CHECKING:
    from nst_onnx.editors.plugin_files import Installed
    from nst_onnx.editors.profile import Profile
    from nst_onnx.support.diagnostics import Finding

_NAMES, _TITLES = "|".join(EDITORS), " or ".join(editor.title for editor in EDITORS.values())

app = typer.Typer(help=f"Put Neural Style into the menu of {_TITLES}.", no_args_is_help=True)


def _known(name: str) -> str:
    """Return `name`, the name of an editor in the table. Raises BadParameter."""
    if name not in EDITORS:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(map(repr, EDITORS))}.")
    return name


def _completions(incomplete: str) -> list[str]:
    return [name for name in EDITORS if name.startswith(incomplete)]


Name = Annotated[
    str,
    typer.Argument(
        metavar=_NAMES, help="Which editor.", show_default=False, parser=_known, autocompletion=_completions
    ),
]
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
def install(name: Name, everywhere: Everywhere = False, folder: Folder = None) -> None:
    """Install the plug-in, then prove that it works: start the engine, and ask GIMP for the menu entry."""
    editor = EDITORS[name]
    profiles = _profiles(name, everywhere, folder)
    if not profiles:
        raise PluginError(*editor.none_found)
    known = [str(found.folder) for found in _profiles(name, True, None)]
    if folder is not None:
        _check_given(name, profiles[0], known)
    for profile in profiles:
        print(f"Installed: {editor.install(profile)}")
    _report(editor.examine(profiles))
    print(editor.next_step)
    left = [found for found in known if found not in [str(profile.folder) for profile in profiles]]
    if left and folder is None:
        print(f"Not installed in {', '.join(left)}; --all does that too.")


@app.command("list")
def show() -> None:
    """List the profiles found, and what is installed in them."""
    from nst_onnx.cli import table

    rows = []
    for name, editor in EDITORS.items():
        for profile in _profiles(name, True, None):
            state = _state(editor.installed(profile))
            rows.append((name, profile.version, profile.packaging, state, str(profile.folder)))
    table.show(("editor", "version", "packaging", "installed", "profile"), rows)


@app.command("uninstall")
def uninstall(name: Name, everywhere: Everywhere = False, folder: Folder = None) -> None:
    """Remove the plug-in."""
    removed = [EDITORS[name].uninstall(profile) for profile in _profiles(name, everywhere, folder)]
    if not any(removed):
        raise PluginError("the plug-in is not installed there", "see where it is with: nst-onnx plugin list")
    for path in filter(None, removed):
        print(f"Removed: {path}")


@app.command("doctor")
def doctor(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar=f"[{_NAMES}]",
            help="Which editor; all that were found if not said.",
            parser=_known,
            autocompletion=_completions,
        ),
    ] = None,
    folder: Folder = None,
) -> None:
    """Find out why the menu entry is missing, and say what to do."""
    if name is not None:
        names = [name]
    elif folder is None:
        names = [known for known in EDITORS if _profiles(known, True, None)] or list(EDITORS)
    else:
        raise PluginError("a folder may be any editor's", f"say which: {' or '.join(EDITORS)}")
    _report(finding for known in names for finding in EDITORS[known].examine(_profiles(known, True, folder)))


def _check_given(name: str, profile: Profile, found: list[str]) -> None:
    """Check that the editor reads the profile that the user names. Raises PluginError."""
    from nst_onnx.support.diagnostics import Finding

    folder, editor = profile.folder, EDITORS[name]
    if str(folder) in found:
        return
    known = f"the profiles found are: {', '.join(found)}" if found else "; ".join(editor.none_found)
    if not folder.is_dir():
        raise PluginError(f"there is no folder {folder}, so {editor.title} does not read it", known)
    if not any((folder / sign).exists() for sign in editor.signs):
        text = f"{folder} does not look like a profile of {editor.title}, which may not read it; {known}"
        _report([Finding("folder", "warning", text)])


def _state(found: Installed | None) -> str:
    if found is None:
        return "-"
    if found.version is None:
        return "damaged: install it again"
    return found.version if found.current else f"{found.version}: out of date, install it again"


def _profiles(name: str, everywhere: bool, folder: Path | None) -> list[Profile]:
    """Return the profile in `folder`, or those found: all (`everywhere`), or the preferred one."""
    if folder is not None:
        return [EDITORS[name].given(folder.expanduser().absolute())]
    found: list[Profile] = EDITORS[name].profiles()
    return found if everywhere else found[-1:]


def _report(findings: Iterable[Finding]) -> None:
    """Print findings; exit with an error where one is broken."""
    from nst_onnx.cli.commands.doctor import MARKS
    from nst_onnx.cli.errors import FAILED

    broken = False
    for finding in findings:
        print(f"{MARKS[finding.state]} {finding.name:<8} {finding.text}", flush=True)
        broken = broken or finding.state == "broken"
    if broken:
        raise typer.Exit(FAILED)
