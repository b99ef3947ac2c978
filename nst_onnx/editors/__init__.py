"""Editor plug-ins: profile discovery, installation, and checks; `registry.EDITORS` lists the editors.

An editor is a folder with ``profiles.py``, ``install.py``, ``doctor.py`` and an ``editor.py`` that combines
them, and one entry in the registry.
"""
