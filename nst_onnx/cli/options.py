"""The controls of a stylisation as options of a command, in panels.

In parentheses the help says what is taken when nothing is given; numbers are those of the preset "default".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nst_onnx.cli import completion

PICTURE, STYLE, LOSSES = "Picture", "Style", "Losses"
OPTIMISATION, MODEL, OUTPUT = "Optimisation", "Model and device", "Output"
FOREIGN = "How an ONNX model wants its picture, if its file does not say"

Content = Annotated[str, typer.Argument(metavar="CONTENT", help="The picture to paint.", show_default=False)]
Styles = Annotated[
    list[str],
    typer.Argument(metavar="STYLE", help="The painting to paint it like; several blend.", show_default=False),
]

Size = Annotated[
    str | None,
    typer.Option(
        metavar="N|WxH",
        help="Longest side in pixels, or exactly 400x300 (512, or the preset's).",
        rich_help_panel=PICTURE,
    ),
]
Init = Annotated[
    str | None,
    typer.Option(
        metavar="WORD|FILE",
        help="What to start from: content, noise, style (its colours), or a picture of your own "
        "(content, or the preset's).",
        autocompletion=completion.starts,
        rich_help_panel=PICTURE,
    ),
]
PreserveColour = Annotated[
    str | None,
    typer.Option(
        metavar="HOW",
        help="Keep the content's colours: luminance (paint only lightness), or recolour the style "
        "beforehand by histogram or covariance (neither).",
        autocompletion=completion.preserve_colour,
        rich_help_panel=PICTURE,
    ),
]

Preset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A published recipe, or our own; see `nst-onnx presets` (default).",
        autocompletion=completion.presets,
        rich_help_panel=STYLE,
    ),
]
Strength = Annotated[
    float | None,
    typer.Option(
        metavar="0..1",
        help="How much style: 0 is the content, 1 nothing but style, 0.5 the preset's own balance (0.5).",
        rich_help_panel=STYLE,
    ),
]
StyleScale = Annotated[
    float | None,
    typer.Option(
        metavar="FACTOR",
        help="Size of the style relative to the content; smaller makes finer strokes (1).",
        rich_help_panel=STYLE,
    ),
]
StyleWeights = Annotated[
    str | None,
    typer.Option(metavar="2,1", help="One weight for each style picture (equal).", rich_help_panel=STYLE),
]

ContentWeight = Annotated[
    float | None,
    typer.Option(
        metavar="W",
        help="Weight of likeness to the content, in the preset's units (the preset's).",
        rich_help_panel=LOSSES,
    ),
]
StyleWeight = Annotated[
    float | None,
    typer.Option(metavar="W", help="Weight of likeness to the style (the preset's).", rich_help_panel=LOSSES),
]
TvWeight = Annotated[
    float | None,
    typer.Option(
        metavar="W", help="Weight of smoothness, total variation (the preset's).", rich_help_panel=LOSSES
    ),
]
ContentLayers = Annotated[
    str | None,
    typer.Option(
        metavar="LAYERS",
        help="conv4_2, or with weights a=1,b=0.5 (the preset's, or the model's own).",
        rich_help_panel=LOSSES,
    ),
]
StyleLayers = Annotated[
    str | None,
    typer.Option(
        metavar="LAYERS",
        help="conv1_1,conv2_1 or conv1_1=1,conv3_1=0.5 (the preset's, or the model's own).",
        rich_help_panel=LOSSES,
    ),
]
Pooling = Annotated[
    str | None,
    typer.Option(
        metavar="max|average",
        help="How the network shrinks its features (average, or the preset's).",
        autocompletion=completion.pooling,
        rich_help_panel=LOSSES,
    ),
]

Quality = Annotated[
    str | None,
    typer.Option(
        metavar="fast|good|best",
        help="Sets size and steps to what suits the device, where they are not given.",
        autocompletion=completion.qualities,
        rich_help_panel=OPTIMISATION,
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Evaluations in all, over all scales (200, or the preset's).",
        rich_help_panel=OPTIMISATION,
    ),
]
MaxSeconds = Annotated[
    float | None,
    typer.Option(
        metavar="S", help="Stop at the best picture by then (no limit).", rich_help_panel=OPTIMISATION
    ),
]
Pyramid = Annotated[
    bool | None,
    typer.Option(
        "--pyramid/--no-pyramid",
        metavar="",
        help="Coarse to fine (on, or as the preset does).",
        rich_help_panel=OPTIMISATION,
    ),
]
Optimiser = Annotated[
    str | None,
    typer.Option(
        metavar="lbfgs|preconditioned|adam",
        help="How to descend (preconditioned, or the preset's).",
        autocompletion=completion.optimisers,
        rich_help_panel=OPTIMISATION,
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        metavar="R", help="Step size, in grey levels (1, or the preset's).", rich_help_panel=OPTIMISATION
    ),
]
MinChange = Annotated[
    float | None,
    typer.Option(
        metavar="LEVELS",
        help="A scale is done when ten steps change less, in grey levels; 0: never (1.5, or the preset's).",
        rich_help_panel=OPTIMISATION,
    ),
]
Averaging = Annotated[
    float | None,
    typer.Option(
        metavar="0..1",
        help="Decay of the running average of iterates; 0 takes the best one (0, or the preset's).",
        rich_help_panel=OPTIMISATION,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="Of all random numbers (0).", rich_help_panel=OPTIMISATION),
]

Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="A model's name (see `nst-onnx models list`), an ONNX or weight file (auto: the best there is).",
        autocompletion=completion.models,
        rich_help_panel=MODEL,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Where to compute: cpu, openvino, openvino:bf16, cuda, cuda:1 (auto).",
        autocompletion=completion.devices,
        rich_help_panel=MODEL,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(metavar="N", help="CPU threads; 0 for one per core (0).", rich_help_panel=MODEL),
]
MaxMemory = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="How much to take at most, as in 2GB: larger pictures are computed in tiles, with the same "
        "result (half of the machine's).",
        rich_help_panel=MODEL,
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="[ADDRESS]",
        help="Let the workers of a Ray cluster paint: auto, host:port, or ray://host:port; without address "
        'the one that runs here, or one of this machine alone (needs "nst-onnx\\[cluster]").',
        rich_help_panel=MODEL,
    ),
]
ChannelOrder = Annotated[
    str | None,
    typer.Option(
        metavar="RGB|BGR",
        help="Order of its channels (RGB).",
        autocompletion=completion.channel_orders,
        rich_help_panel=FOREIGN,
    ),
]
Scale = Annotated[
    float | None,
    typer.Option(
        metavar="S",
        help="255 if it counts 0..255, 1 if 0..1 (255 if a mean is above 1, else 1).",
        rich_help_panel=FOREIGN,
    ),
]
Mean = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,C", help="What it subtracts, in that order and range (0,0,0).", rich_help_panel=FOREIGN
    ),
]
Std = Annotated[
    str | None,
    typer.Option(metavar="A,B,C", help="What it then divides by (1,1,1).", rich_help_panel=FOREIGN),
]

Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The picture to write: .png, .jpg, .tif or .webp.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite/--no-overwrite",
        metavar="",
        help="Whether files that exist are replaced (when the new ones are whole). Inputs never are.",
        rich_help_panel=OUTPUT,
    ),
]
Bits = Annotated[
    int | None,
    typer.Option(
        metavar="8|16",
        help="Per channel; the content's own where the format can (16: PNG, TIFF).",
        rich_help_panel=OUTPUT,
    ),
]
JpegQuality = Annotated[
    int | None,
    typer.Option(
        "--jpeg-quality", metavar="1..100", help="Of JPEG and WebP files (95).", rich_help_panel=OUTPUT
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.toml",
        help="Options from a file, such as strength = 0.6; those given here win.",
        rich_help_panel=OUTPUT,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", metavar="", help="A summary on standard output, as JSON.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", metavar="", help="Say nothing but warnings and errors.", rich_help_panel=OUTPUT
    ),
]
