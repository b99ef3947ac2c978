"""``python -m benchmarks``: runs the measurements and writes benchmarks/results/speed.md and speed.json."""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from importlib import import_module
from pathlib import Path

from benchmarks import machine, pairs, reference_recipe, report
from benchmarks.engines import ENGINES, Engine
from benchmarks.setting import Setting

RESULTS = Path(__file__).parent / "results"


def main(words: list[str] | None = None) -> None:
    """Run the chosen parts; write the results after each. ``judge`` runs `benchmarks.judge`."""
    words = sys.argv[1:] if words is None else words
    if words[:1] == ["judge"]:
        from benchmarks.judge.__main__ import main as judge  # needs SciPy, which the other parts do not

        judge(words[1:])
        return
    given = _parser().parse_args(words)
    try:
        import torch
    except ImportError:
        sys.exit('PyTorch, the reference of all comparisons, is missing: pip install "nst-onnx[bench]"')
    begun = time.monotonic()

    def tell(line: str) -> None:
        print(f"[{time.monotonic() - begun:6.0f} s] {line}", file=sys.stderr, flush=True)

    chosen = {name: value for name, value in vars(given).items() if name not in ("parts", "output")}
    setting = Setting(tell=tell, **chosen)
    facts = {**machine.facts(), "PyTorch's threads": str(torch.get_num_threads())}
    for name in given.parts or report.ORDER:
        asked = {
            "model": Path(given.model).name,
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": machine.commit(),
            "load of the machine before": f"{machine.load() or 0:.1f}",
        }
        part = import_module(f"benchmarks.{name}").run(setting)
        table, data = report.write(given.output, {name: part}, facts, asked)
        print(part.markdown(), end="\n\n", flush=True)
        tell(f"{name} is in {table} and {data}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        choices=report.ORDER,
        help=f"of {', '.join(report.ORDER)}; all by default",
    )
    parser.add_argument("--model", default="auto", help="a plain VGG: a name or file, as of nst-onnx stylize")
    parser.add_argument("--sizes", type=_whole_numbers, help="pixels, as 256,512; each part has its own")
    parser.add_argument("--pairs", type=_pairs, default=pairs.PAIRS, help="as harbour+whirl,valley+embers")
    parser.add_argument("--engines", type=_engines, default=ENGINES, help="devices, as cpu,openvino")
    parser.add_argument(
        "--levels", type=_whole_numbers, default=Setting.levels, help="evaluations of the reference"
    )
    parser.add_argument("--seconds", type=float, default=60, help="for each group measured in turns")
    parser.add_argument("--fresh", action="store_true", help="compute the reference's losses anew (hours)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of speed.md and speed.json")
    parser.add_argument("--kept", type=Path, default=reference_recipe.FOLDER, help="the reference's losses")
    return parser


def _whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _pairs(text: str) -> tuple[pairs.Pair, ...]:
    return tuple(pairs.find(name) for name in text.split(","))


def _engines(text: str) -> tuple[Engine, ...]:
    named = text.split(",")
    found = tuple(engine for engine in ENGINES if engine.device in named)
    if len(found) < len(named):
        known = ", ".join(engine.device for engine in ENGINES)
        raise argparse.ArgumentTypeError(f"invalid engines {text!r} (choose from {known})")
    return found


if __name__ == "__main__":
    main()
