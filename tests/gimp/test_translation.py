"""The plug-in speaks the language of GIMP where its folder has a translation."""

import os
import struct
import subprocess

import pytest

from .conftest import CONSOLE

GERMAN = {
    "": "Content-Type: text/plain; charset=UTF-8\n",
    "_Neural Style…": "_Neuraler Stil…",
    "one layer must be selected, not {number}": "eine Ebene muss gewählt sein, nicht {number}",
}
QUESTION = """
procedure = Gimp.get_pdb().lookup_procedure("plug-in-nst-onnx-neural-style")
print("LABEL", procedure.get_menu_label())
config = procedure.create_config()
config.set_property("image", Gimp.Image.new(16, 16, Gimp.ImageBaseType.RGB))
config.set_core_object_array("drawables", [])
procedure.run(config)
print("ERROR", Gimp.get_pdb().get_last_error())
"""


def _compiled(messages):
    """Return a catalogue as gettext's msgfmt makes it: a header, two tables of (length, offset), texts."""
    pairs = sorted((original.encode(), translated.encode()) for original, translated in messages.items())
    tables, texts = [], b""
    for column in range(2):
        for pair in pairs:
            tables.append((len(pair[column]), 28 + 16 * len(pairs) + len(texts)))
            texts += pair[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return header + b"".join(struct.pack("<2I", *entry) for entry in tables) + texts


@pytest.mark.slow
def test_a_translation_in_the_plug_ins_folder_is_used(tmp_path):
    profile = tmp_path / "3.0"
    profile.mkdir()
    subprocess.run(
        ["nst-onnx", "plugin", "install", "gimp", "--dir", profile], check=True, capture_output=True
    )
    catalogue = profile / "plug-ins" / "neural_style" / "locale" / "de" / "LC_MESSAGES" / "nst-onnx.mo"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_bytes(_compiled(GERMAN))
    (profile / "pluginrc").unlink()  # or GIMP remembers the label as it was
    line = [CONSOLE, "-idf", "--batch-interpreter=python-fu-eval", "-b", QUESTION, "--quit"]
    environment = {**os.environ, "GIMP3_DIRECTORY": str(profile), "LANGUAGE": "de"}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300)
    assert "LABEL _Neuraler Stil…" in done.stdout, done.stderr
    assert "ERROR Eine Ebene muss gewählt sein, nicht 0." in done.stdout
    assert "Localization disabled" not in done.stderr
