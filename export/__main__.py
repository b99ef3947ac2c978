"""``python -m export``: command line for making feature extractors."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import onnx
import typer

from nst_onnx.cli import errors, output_checks
from nst_onnx.errors import ModelError, OptionError
from nst_onnx.models import metadata
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.models.weights import Layers

from . import graph_form, onnx_file, preprocessing_option, verify
from . import keras as keras_models
from .distil import network as compact_network
from .painter import command as painter_command
from .web import command as web_command

app = typer.Typer(
    help="Make feature extractors: from Keras models, from weight files, by distillation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Output = Annotated[Path, typer.Option("--output", "-o", metavar="OUT.onnx", help="The ONNX file to write.")]
Half = Annotated[bool, typer.Option("--half", help="Store the weights as float16: half the file.")]
KerasWeights = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="With vgg19 or vgg16: a file Keras wrote, imagenet (downloads), random."
    ),
]
PreprocessingName = Annotated[
    str | None,
    typer.Option(
        "--preprocessing",
        metavar="NAME",
        help="The input that the network expects: caffe, torch, tf (-1..1), unit (0..1), bytes (0..255), "
        "or ORDER:SCALE:MEAN:STD such as RGB:1:0.5,0.5,0.5:1,1,1.",
    ),
]


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
) -> None:
    """Make feature extractors: from Keras models, from weight files, by distillation."""


@app.command("keras")
def from_keras(
    model: Annotated[str, typer.Argument(help="vgg19, vgg16, or a .keras or .h5 file with a whole model.")],
    output: Output,
    weights: KerasWeights = None,
    preprocessing: PreprocessingName = None,
    content_layers: Annotated[str, typer.Option(help="Default content layers, comma-separated.")] = "",
    style_layers: Annotated[str, typer.Option(help="Default style layers, comma-separated.")] = "",
    licence: Annotated[str, typer.Option(help="The licence of the weights, to be kept in the file.")] = "",
    half: Half = False,
    seed: Annotated[int, typer.Option(help="For random weights.")] = 0,
) -> None:
    """Convert a Keras model with tf2onnx, and compare it with Keras."""
    onnx_file.check_writable(output)
    extractor = _keras_extractor(
        model,
        weights,
        preprocessing,
        content_layers=_split(content_layers),
        style_layers=_split(style_layers),
        licence=licence,
        seed=seed,
    )
    proto = keras_models.convert(extractor)
    _report_transposes(proto, convolutional=model in keras_models.APPLICATIONS)
    batches = list(verify.pictures(extractor.facts.preprocessing))
    original = verify.of_keras(extractor)
    _report(verify.errors(verify.of_onnx(proto), original, batches), verify.LIMIT, "ONNX against Keras")
    if half:
        proto = graph_form.halve(proto)
        found = verify.errors(verify.of_onnx(proto), original, batches)
        _report(found, verify.LIMIT_HALF, "stored as float16")
    onnx_file.save(proto, output)
    _written(output)


@app.command("weights")
def from_weights(
    file: Annotated[Path, typer.Argument(help="VGG weights: .h5, .keras, .mat, .pth, .safetensors, .npz.")],
    output: Output,
    average: Annotated[bool, typer.Option("--average", help="Pool by average; published is max.")] = False,
    half: Half = False,
) -> None:
    """Convert a VGG weight file, without TensorFlow."""
    from nst_onnx.models import readers, vgg

    onnx_file.check_writable(output)
    model = vgg.build(readers.read_weights(file), pooling="average" if average else "max", half=half)
    onnx_file.save(model, output)
    _written(output)


@app.command("distill")
def train(
    teacher: Annotated[Path, typer.Argument(help="The VGG weight file to learn from.")],
    pictures: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURES...", help="Folders or tar files; PATH=0.25 gives that share of crops."
        ),
    ],
    output: Output,
    channels: Annotated[
        str, typer.Option(metavar="N,N,…", help="Channels of each layer; by default --width says.")
    ] = "",
    width: Annotated[float, typer.Option(help="Channels, as a fraction of the teacher's.")] = 0.375,
    last: Annotated[str, typer.Option(metavar="LAYER", help="The last layer to learn.")] = "conv3_4",
    steps: Annotated[int, typer.Option(help="How many batches to learn from.")] = 20_000,
    batch: Annotated[int, typer.Option(help="Crops in a batch.")] = 16,
    looks: Annotated[int, typer.Option(help="Training steps for each batch, on average.")] = 3,
    crop: Annotated[int, typer.Option(min=16, help="Side of a crop in pixels.")] = 96,
    longest: Annotated[
        int, typer.Option(min=16, help="Pictures are shrunk to this many pixels first.")
    ] = 512,
    leaves: Annotated[float, typer.Option(help="Share of crops from drawn shapes.", min=0, max=0.9)] = 0.1,
    rounds: Annotated[
        int, typer.Option(help="How often to paint training pictures with the student, into OUT.painted/.")
    ] = 0,
    painted: Annotated[int, typer.Option(min=1, help="Pictures to paint each time.")] = 48,
    rate: Annotated[float, typer.Option("--learning-rate", help="At its highest.")] = 1.5e-3,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same network.")] = 0,
    bfloat16: Annotated[bool, typer.Option(help="Faster on processors with bfloat16 instructions.")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, …")] = "cpu",
    painter: Annotated[
        str, typer.Option(metavar="DEVICE", help="What paints: as stylize --device.")
    ] = "auto",
    checkpoint: Annotated[Path | None, typer.Option(help="Save here, and resume from here.")] = None,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 500,
    start: Annotated[Path | None, typer.Option(help="A network made before, to begin with.")] = None,
) -> None:
    """Train a narrow network to carry a teacher's features (needs PyTorch)."""
    onnx_file.check_writable(output)
    try:
        from .distil import train as distillation
    except ImportError as error:
        if error.name != "torch":
            raise
        raise ModelError("distillation needs PyTorch", "run pip install 'nst-onnx[train]'") from error
    from nst_onnx.models import readers
    from nst_onnx.runtime import choose

    from .distil import dead_leaves
    from .distil.painted_rounds import StudentPaintings
    from .distil.pictures import read_collections, with_collection
    from .distil.settings import Settings

    settings = Settings(
        width=width,
        channels=_numbers(channels),
        last=last,
        steps=steps,
        batch=batch,
        looks=looks,
        learning_rate=rate,
        rounds=rounds,
        seed=seed,
        bfloat16=bfloat16,
        device=device,
    )
    settings.check()
    if rounds:
        choose(painter)  # fail now, not when the first round begins
    if checkpoint is not None:
        output_checks.check_writable(checkpoint)
    network = readers.read_weights(teacher)
    read = read_collections(pictures, shortest=crop, longest=longest)
    collections = with_collection(read, dead_leaves.collection(leaves, seed)) if leaves else read

    named = compact_network.Teacher.of(network)

    def proto(layers: Layers, read_outs: compact_network.ReadOuts) -> onnx.ModelProto:
        return compact_network.build(layers, read_outs, preprocessing=network.preprocessing, teacher=named)

    def report(step: int, unexplained: Mapping[str, float]) -> None:
        if step % 100 == 0 or step == settings.steps:
            typer.echo(f"{step:6d}  {_percentages(unexplained)}")

    typer.echo("unexplained variance:")
    found = distillation.distill(
        network,
        StudentPaintings(
            collections,
            crop,
            output.with_suffix(".painted"),
            lambda student: proto(student.arrays(), distillation.read_outs(student)),
            count=painted,
            seed=seed,
            device=painter,
            report=typer.echo,
        ),
        settings,
        checkpoint=checkpoint,
        save_every=save_every,
        start=None if start is None else compact_network.read(start)[0],
        report=report,
        on_resume=lambda step: typer.echo(f"resuming at step {step} of {settings.steps} from {checkpoint}"),
    )
    typer.echo(f"at the end, on other crops: {_percentages(found.unexplained)}")
    onnx_file.save(proto(found.layers, found.read_outs), output)
    _written(output)


app.command("painter")(painter_command.train)
app.command("web")(web_command.export)


@app.command("verify")
def compare(
    candidate: Annotated[Path, typer.Argument(help="The ONNX file to check.")],
    reference: Annotated[str, typer.Argument(help="Another ONNX file, a Keras file, vgg19, or vgg16.")],
    weights: KerasWeights = None,
    seed: Annotated[int, typer.Option(help="For random weights.")] = 0,
    limit: Annotated[float, typer.Option(help="The largest relative error allowed.")] = verify.LIMIT,
) -> None:
    """Compare an ONNX file's activations with those of another model."""
    from nst_onnx.models import extractor, onnx_file

    ours = extractor.load(candidate)
    how = ours.facts.preprocessing
    if Path(reference).suffix.lower() == ".onnx":
        silent = metadata.read(onnx_file.parse(Path(reference))) is None
        original = verify.of_onnx(extractor.load(reference, preprocessing=how if silent else None).proto)
    else:
        original = verify.of_keras(_keras_extractor(reference, weights, how, seed=seed))
    found = verify.errors(verify.of_onnx(ours.proto), original, verify.pictures(how))
    _report(found, limit, f"{candidate.name} against {reference}")


def _keras_extractor(
    model: str,
    weights: str | None,
    preprocessing: str | Preprocessing | None,
    *,
    content_layers: tuple[str, ...] = (),
    style_layers: tuple[str, ...] = (),
    licence: str = "",
    seed: int = 0,
) -> keras_models.KerasExtractor:
    keras_models.check_known(model, weights)
    if model in keras_models.APPLICATIONS:
        return keras_models.application(model, weights or "imagenet", seed=seed)
    if preprocessing is None:
        raise OptionError(
            f"{model} declares no preprocessing of its picture",
            f"give --preprocessing {', '.join(preprocessing_option.KNOWN)}, or spell it out",
        )
    if isinstance(preprocessing, str):
        preprocessing = preprocessing_option.parse(preprocessing)
    return keras_models.saved(
        Path(model),
        preprocessing,
        content_layers=content_layers,
        style_layers=style_layers,
        licence=licence,
    )


def _report_transposes(proto: onnx.ModelProto, *, convolutional: bool) -> None:
    left = graph_form.transposes(proto)
    if left and convolutional:
        raise ModelError(f"tf2onnx left transposes in the graph: {', '.join(left)}", "try another tf2onnx")
    if left:
        typer.echo(
            f"note: {len(left)} transposes remain: TensorFlow computes some layers (dilated convolutions, "
            "dense layers over channels) with them, and stylize may not be able to differentiate these"
        )


def _report(found: Mapping[str, float], limit: float, what: str) -> None:
    for layer, error in found.items():
        typer.echo(f"  {layer:24} {error:.1e}")
    typer.echo(f"{what}: maximum relative error {max(found.values()):.1e}, allowed {limit:.0e}")
    verify.require(found, limit)


def _written(path: Path) -> None:
    facts = metadata.read(onnx.load(path)) if path.suffix == ".onnx" else None
    name = f" ({facts.name}; {facts.licence or 'no licence given'})" if facts else ""
    typer.echo(f"wrote {path}, {path.stat().st_size / 1e6:.1f} MB{name}")


def _percentages(fractions: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {fraction:.1%}" for name, fraction in fractions.items())


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in _split(text))
    except ValueError as error:
        raise OptionError(f"--channels takes whole numbers such as 16,32,48, not {text!r}") from error


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; an error is one line, unless ``--debug`` is given."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = typer.main.get_command(app)
    try:
        code = command.main(words, prog_name="python -m export", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return errors.INTERRUPTED
    except Exception as error:
        if "--debug" in words:
            raise
        line, code = errors.explain(error)
        if line:
            typer.echo(line, err=True)
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
