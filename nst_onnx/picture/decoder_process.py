"""A program that decodes HEIC or a camera's raw file on standard input, in a process of its own.

Run by path, by `separate_decoder.py`: damaged files can crash libheif and LibRaw, and the process with them.
Arguments: "heif" or "raw", and the most pixels that are decoded, 0 for any. Prints a line of JSON (size,
mode, dtype, shape; profile, EXIF, XMP in base64), then the samples. Exit code 3: the decoder is not
installed; 4: the file is damaged.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import Any


def _heif(data: bytes, most: int) -> tuple[dict[str, Any], Any]:
    """Return facts and samples of a HEIC; no samples where there are more than `most` pixels."""
    import numpy as np
    import pi_heif

    image = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    width, height = image.size
    blobs = {name: image.info.get(name) for name in ("icc_profile", "exif", "xmp")}
    facts = {"size": [height, width], "mode": image.mode}
    facts |= {name: base64.b64encode(blob).decode() for name, blob in blobs.items() if blob}
    return facts, np.asarray(image) if not most or width * height <= most else np.zeros(0, np.uint8)


def _raw(data: bytes, most: int) -> tuple[dict[str, Any], Any]:
    """Return facts and samples of a raw file, developed; no samples where it has more than `most` pixels."""
    import numpy as np
    import rawpy

    with rawpy.imread(io.BytesIO(data)) as image:
        height, width = image.sizes.height, image.sizes.width
        facts = {"size": [height, width], "mode": "RGB"}
        if most and width * height > most:
            return facts, np.zeros(0, np.uint8)
        return facts, image.postprocess(use_camera_wb=True, output_bps=16, gamma=(2.4, 12.92))


def main() -> int:
    """Decode; return the exit code."""
    decode = {"heif": _heif, "raw": _raw}[sys.argv[1]]
    try:
        facts, samples = decode(sys.stdin.buffer.read(), int(sys.argv[2]))
    except ImportError:
        return 3
    except Exception:
        return 4
    facts |= {"dtype": samples.dtype.str, "shape": samples.shape}
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + samples.tobytes())
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
