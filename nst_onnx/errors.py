"""The errors a person may meet. Each says what is wrong, with which file, and what to do."""

from __future__ import annotations


class NstError(Exception):
    """Base of every error that nst-onnx raises on purpose.

    `str(error)` is one line for a person: what is wrong, and where. `hint` is what to do
    about it (may be empty). The command prints ``error: MESSAGE. HINT`` and exits with 1, or
    with 2 where the command line itself makes no sense.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PictureError(NstError):
    """A picture cannot be read, or cannot be written."""


class OptionError(NstError, ValueError):
    """An option has a value that makes no sense; the message names the option."""


class ModelError(NstError):
    """A model or a weight file cannot be found, read, or used."""


class DownloadError(ModelError):
    """Weights could not be downloaded."""


class GraphError(ModelError):
    """An ONNX graph cannot be differentiated; the message names the operator."""


class ClusterError(NstError):
    """There is no cluster to join, or it cannot do what it is asked to."""


class DeviceError(NstError):
    """The device asked for does not exist, or onnxruntime is not installed."""


class PluginError(NstError):
    """An editor's plug-in cannot be installed or removed, or does not work."""
