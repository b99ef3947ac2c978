"""A program that decodes HEIC on standard input: run by path, in a process of its own, by `heif.py`.

Damaged files can crash libheif, and the whole process with it. Argument: the most pixels that are decoded,
0 for any. Prints a line of JSON (size, mode, dtype, shape; profile, EXIF, XMP in base64), then the samples.
Exit code 3: the decoder is not installed; 4: the file is damaged.
"""

from __future__ import annotations

import base64
import io
import json
import sys


def main() -> int:
    """Decode; return the exit code."""
    try:
        import numpy as np
        import pi_heif
    except ImportError:
        return 3
    try:
        image = pi_heif.open_heif(io.BytesIO(sys.stdin.buffer.read()), convert_hdr_to_8bit=False)
        width, height = image.size
        fits = not int(sys.argv[1]) or width * height <= int(sys.argv[1])
        samples = np.asarray(image) if fits else np.zeros(0, np.uint8)
    except Exception:
        return 4
    blobs = {name: image.info.get(name) for name in ("icc_profile", "exif", "xmp")}
    facts = {
        "size": [height, width],
        "mode": image.mode,
        "dtype": samples.dtype.str,
        "shape": samples.shape,
        **{name: base64.b64encode(blob).decode() for name, blob in blobs.items() if blob},
    }
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n")
    sys.stdout.buffer.write(samples.tobytes())
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
