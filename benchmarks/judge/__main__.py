"""``python -m benchmarks.judge``: how good pictures are, by the published VGG-16 and plain statistics.

    python -m benchmarks.judge [table] --contestants default neural-style,gatys2015 new:strength=0.4
    python -m benchmarks.judge frontier --contestants new:content_weight=0.01 default
    python -m benchmarks.judge vote --contestants new:content_weight=0.01 default
    python -m benchmarks.judge votes --key KEY VOTES...
    python -m benchmarks.judge score PICTURE PHOTO PAINTING

Pictures are kept in --pictures, so that an interrupted run continues. On one machine every figure but seconds
and memory is the same to the last digit in every run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from benchmarks import machine
from benchmarks.judge import frontier, pairs, report, sheet, table, vote_page
from benchmarks.judge.ballot import Key
from benchmarks.judge.contestants import KNOWN, RIVAL, Contestant, parse_several
from benchmarks.judge.measures import Reference
from benchmarks.judge.network import Network
from benchmarks.judge.paintings import Paintings
from benchmarks.judge.rows import Judge, Row, short
from benchmarks.judge.votes import count, interval
from benchmarks.pairs import Pair
from nst_onnx.cli import errors
from nst_onnx.errors import NstError, OptionError
from nst_onnx.picture import read

_ROOT = Path(__file__).resolve().parents[2]
_RESULTS = _ROOT / "benchmarks" / "results"


def main(words: Sequence[str] | None = None) -> None:
    """Run one part; exit with one line where something is missing."""
    words = list(sys.argv[1:] if words is None else words)
    if not words or (words[0] not in _PARTS and words[0] not in ("-h", "--help")):
        words = ["table", *words]
    given = _parser().parse_args(words)
    try:
        _PARTS[given.part](given)
    except (NstError, OSError) as error:
        sys.exit(errors.explain(error)[0])


def _table(given: argparse.Namespace) -> None:
    """Measure the contestants at their own settings; write the tables and a sheet of each size."""
    contestants = _contestants(given)
    rows = _rows(given, contestants)
    parts = [part(rows, size) for size in given.sizes for part in (table.means, table.each)]
    report.write(given.output / "judge", parts, rows, _facts(given))
    names = [contestant.name for contestant in contestants]
    for size in given.sizes:
        sheet.sheet(rows, size, names).save(given.pictures / f"sheet-{size}.jpg", quality=85)
    print("\n\n".join(part.markdown() for part in parts))


def _frontier(given: argparse.Namespace) -> None:
    """Measure the contestants over the strengths; compare each with the next one."""
    contestants = _contestants(given)
    if len(contestants) < 2:
        raise OptionError("a frontier is compared with another one", "name two contestants or more")
    rows = _rows(given, [one.at(strength) for one in contestants for strength in given.strengths])
    parts = [table.means(rows, size) for size in given.sizes]
    for size in given.sizes:
        for one, other in pairwise(contestants):
            parts.append(frontier.table(rows, size, (one.name, other.name), given.strengths))
    report.write(given.output / "frontier", parts, rows, _facts(given))
    print("\n\n".join(part.markdown() for part in parts))


def _vote(given: argparse.Namespace) -> None:
    """Write a voting page of each size, and its key beside it."""
    contestants = _contestants(given)
    rows = _rows(given, contestants)
    for size in given.sizes:
        folder = given.pictures / f"vote-{size}"
        names = [contestant.name for contestant in contestants]
        key = vote_page.write([row for row in rows if row.size == size], names, given.seed, folder)
        key.write(given.pictures / f"vote-{size}-key.json")
        print(f"{folder / 'index.html'} is the page, {folder}-key.json its key")


def _votes(given: argparse.Namespace) -> None:
    """Print each contestant's share of the votes."""
    votes = count(Key.read(given.key), given.files)
    total = votes.total()
    print("| contestant | votes | share | 95 % interval |\n|---|---:|---:|---:|")
    for name, number in votes.most_common():
        low, high = interval(number, total)
        print(f"| {name} | {number} | {number / max(total, 1):.0%} | {low:.0%}-{high:.0%} |")


def _score(given: argparse.Namespace) -> None:
    """Print the columns of one picture from anywhere."""
    picture = read(given.picture).rgb
    size = max(picture.shape[:2])
    reference = Reference(
        Network(given.weights), pairs.seen(given.photo, size), pairs.seen(given.painting, size)
    )
    print(short(reference.measure(picture)))


_PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "table": _table,
    "frontier": _frontier,
    "vote": _vote,
    "votes": _votes,
    "score": _score,
}


def _contestants(given: argparse.Namespace) -> list[Contestant]:
    return parse_several(given.contestants, given.rival_python)


def _rows(given: argparse.Namespace, contestants: Sequence[Contestant]) -> list[Row]:
    network = Network(given.weights)
    paintings = Paintings(given.pictures, given.model, given.weights, given.any_code)
    judge = Judge(network, paintings, lambda line: print(line, file=sys.stderr, flush=True))
    chosen = _chosen(given)
    return [row for size in given.sizes for row in judge.rows(chosen, contestants, size)]


def _chosen(given: argparse.Namespace) -> Sequence[Pair]:
    """Return the pairs, of which --pairs names some. Raises OptionError."""
    every = {str(pair): pair for pair in pairs.judged(given.shared, given.pictures / "sources")}
    if unknown := [name for name in given.pairs if name not in every]:
        raise OptionError(f"there is no pair {unknown[0]!r}", f"there are {', '.join(every)}")
    return [every[name] for name in given.pairs or every]


def _facts(given: argparse.Namespace) -> dict[str, str]:
    facts = {
        **machine.facts(),
        "commit": machine.commit(),
        "load of the machine": f"{machine.load() or 0:.1f}",
    }
    return {**facts, "model": Path(given.model).name, "contestants": " ".join(given.contestants)}


def _parser() -> argparse.ArgumentParser:
    weighed = argparse.ArgumentParser(add_help=False)
    shared = _ROOT.parent / "shared"
    weighed.add_argument(
        "--weights", type=Path, default=shared / "weights" / "vgg16.npz", help="VGG-16, a weight file"
    )
    painted = argparse.ArgumentParser(add_help=False, parents=[weighed])
    add = painted.add_argument
    add(
        "--contestants",
        nargs="+",
        default=["default"],
        metavar="NAME[:option=value,...]",
        help=f"known: {', '.join(KNOWN)}; NAME@PYTHON: those of another installation",
    )
    add("--model", default="compact", help="of contestants that name none; vgg16 is --weights")
    add("--rival-python", default=sys.executable, help=f"the interpreter that has {RIVAL}")
    add("--shared", type=Path, default=shared, help="folder of a dozen more pairs")
    add("--pairs", type=lambda text: text.split(","), default=[], help="as harbour+whirl,tubingen+picasso")
    add("--sizes", type=_whole_numbers, default=(256, 384), help="the longest side, in pixels")
    add("--pictures", type=Path, default=Path("build/judge"), help="folder of the pictures, which are kept")
    add("--any-code", action="store_true", help="keep pictures of another version of the program")
    add("--output", type=Path, default=_RESULTS, help="folder of the tables")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.judge",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = parser.add_subparsers(dest="part")
    parts.add_parser("table", parents=[painted], help="the columns of each contestant")
    strong = parts.add_parser("frontier", parents=[painted], help="style against content over strengths")
    strong.add_argument("--strengths", type=_numbers, default=frontier.STRENGTHS)
    page = parts.add_parser("vote", parents=[painted], help="a page for a blind vote")
    page.add_argument("--seed", type=int, default=0, help="of the order of the columns")
    votes = parts.add_parser("votes", help="the shares of votes")
    votes.add_argument("--key", type=Path, required=True)
    votes.add_argument("files", type=Path, nargs="+", metavar="FILE")
    one = parts.add_parser("score", parents=[weighed], help="the columns of one picture")
    for name in ("picture", "photo", "painting"):
        one.add_argument(name, type=Path)
    return parser


def _whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(","))


if __name__ == "__main__":
    main()
