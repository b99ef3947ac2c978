"""The command ``nst-onnx``: one file per command; what is heavy is imported when a command runs."""

from nst_onnx.cli.main import main

__all__ = ["main"]
