"""Set-up of the engine from inside an editor: it brings uv, which brings Python and the packages.

`SetupTask` is what an interface uses. Standard library only, Python 3.9 or later, like the whole client.
"""
