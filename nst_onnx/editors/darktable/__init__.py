"""darktable: profiles, installation of the plug-in, checks."""
