"""Inter-process file lock."""

import subprocess
import sys
from pathlib import Path

from nst_onnx.support import file_lock

HOLD = """
import sys, time
from pathlib import Path
from nst_onnx.support import file_lock
held = file_lock.acquire(Path(sys.argv[1]))
print("held" if held else "refused", flush=True)
time.sleep(60)
"""


def test_one_at_a_time_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert file_lock.acquire(path) is None
        process.kill()
    held = file_lock.acquire(path)
    assert held is not None
    held.close()


def test_pool_buffers_are_released(tmp_path: Path) -> None:
    first = file_lock.acquire(tmp_path / "lock")
    assert first is not None
    first.close()
    second = file_lock.acquire(tmp_path / "lock")
    assert second is not None
    second.close()
