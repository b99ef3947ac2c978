"""The telemetry of libraries, disabled for this process and those it starts."""

from __future__ import annotations

import os
import sys

_DISABLED = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime reads it during its import: afterwards is too late
    "RAY_USAGE_STATS_ENABLED": "0",
}


def disable() -> None:
    """Disable the telemetry of onnxruntime, OpenVINO and Ray. Call it before the import of any of them.

    Otherwise they resolve their vendors' hosts, and the first two store an identifier in the user's home.
    Nothing is written to the home to prevent it, so that other programs keep their settings.
    """
    for name, value in _DISABLED.items():
        os.environ.setdefault(name, value)
    # OpenVINO reads no variable that means only this. Where its telemetry package is missing it uses a stub.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # None: cannot be imported
