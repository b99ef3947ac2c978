"""Inkscape: profiles, installation of the extension, checks."""
