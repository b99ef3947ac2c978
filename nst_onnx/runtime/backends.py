"""The table of backends. To add one: a row here, and a module for its session if it has one of its own."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec

from nst_onnx.runtime import gpus
from nst_onnx.runtime.backend import CPU_PROVIDER, Backend, Device, MemoryUse, Precision, Provider, register
from nst_onnx.runtime.devices import onnxruntime
from nst_onnx.runtime.onnxruntime_session import OnnxruntimeSession
from nst_onnx.runtime.openvino.session import GPU, OpenVinoSession, has_bf16, has_gpu


def _offers(provider: Provider) -> bool:
    """Whether the installed onnxruntime has an execution provider."""
    return provider.name in onnxruntime().get_available_providers()


def _cuda_options(device: Device) -> dict[str, str]:
    # TensorFloat-32 has 10 bits of precision: too few for exact gradients, so only where asked for.
    options = {"device_id": str(device.index), "use_tf32": str(int(device.precision != "fp32"))}
    options |= {"prefer_nhwc": "1"} if device.nhwc else {}
    return options | ({"enable_cuda_graph": "1"} if device.graph else {})


CUDA_PROVIDER = Provider("CUDAExecutionProvider", "cuda", _cuda_options)
# These take and return tensors in the machine's memory: onnxruntime copies them to the device and back.
DIRECTML_PROVIDER = Provider("DmlExecutionProvider", "cpu")
MIGRAPHX_PROVIDER = Provider("MIGraphXExecutionProvider", "cpu")
# The Neural Engine computes in float16: too coarse for gradients.
COREML_PROVIDER = Provider(
    "CoreMLExecutionProvider",
    "cpu",
    lambda device: {"ModelFormat": "MLProgram", "MLComputeUnits": "CPUAndGPU"},
)
_UNPROVEN_MEMORY = MemoryUse(weights=10, aligned=4.2, unaligned=6.0)  # not measured: the most of the others

register(
    Backend(
        kind="cpu",
        open=OnnxruntimeSession,
        is_available=lambda: _offers(CPU_PROVIDER),
        install='pip install "nst-onnx[cpu]"',
        memory=MemoryUse(weights=10, aligned=2.4, unaligned=3.4),
        rank=0,
        required=True,
    )
)
register(
    Backend(
        kind="openvino",
        open=OpenVinoSession,
        is_available=lambda: find_spec("openvino") is not None,
        install='pip install "nst-onnx[openvino]"',
        memory=MemoryUse(weights=13, aligned=4.2, unaligned=4.2),
        rank=1,
        exact=False,
        precisions=(Precision("bf16", MemoryUse(9, 1.6, 2.7), is_default=has_bf16),),
        channels_last=True,
        first_to_last=True,
    )
)
register(
    Backend(
        kind="cuda",
        open=OnnxruntimeSession,
        is_available=lambda: _offers(CUDA_PROVIDER),
        install='for an NVIDIA GPU: pip uninstall onnxruntime, then pip install "nst-onnx[gpu]"',
        memory=MemoryUse(weights=4, aligned=4.0, unaligned=6.0),
        rank=2,
        precisions=(Precision("tf32"), Precision("fp16", float16=True, in_tiles="tf32")),
        options=("nhwc", "graph"),
        provider=CUDA_PROVIDER,
        vectors_on_device=True,
        gpu=True,
        count=gpus.count,
        device_memory=gpus.memory,
        missing="no CUDA in this onnxruntime (NVIDIA: nst-onnx[gpu])",
    )
)
# Unproven: nobody could run the following yet. So `auto` never takes them, and `doctor` holds their gradients
# against the CPU's.
register(
    Backend(
        kind="directml",
        open=OnnxruntimeSession,
        is_available=lambda: _offers(DIRECTML_PROVIDER),
        install="for any GPU on Windows: pip uninstall onnxruntime, then pip install onnxruntime-directml",
        memory=_UNPROVEN_MEMORY,
        provider=DIRECTML_PROVIDER,
        exact=False,
        gpu=True,
    )
)
register(
    Backend(
        kind="coreml",
        open=OnnxruntimeSession,
        is_available=lambda: _offers(COREML_PROVIDER),
        install='on a Mac: pip install "nst-onnx[cpu]"',
        memory=_UNPROVEN_MEMORY,
        provider=COREML_PROVIDER,
        exact=False,
        gpu=True,
    )
)
register(
    Backend(
        kind="migraphx",
        open=OnnxruntimeSession,
        is_available=lambda: _offers(MIGRAPHX_PROVIDER),
        install="for an AMD GPU with ROCm: pip uninstall onnxruntime, then AMD's onnxruntime-migraphx",
        memory=_UNPROVEN_MEMORY,
        provider=MIGRAPHX_PROVIDER,
        exact=False,
        gpu=True,
    )
)
register(
    Backend(
        kind="openvino_gpu",
        open=partial(OpenVinoSession, target=GPU),
        is_available=has_gpu,
        install='for an Intel GPU: pip install "nst-onnx[openvino]" and Intel\'s driver',
        memory=_UNPROVEN_MEMORY,
        exact=False,
        gpu=True,
    )
)
