"""The table of backends. To add one: a row here, and a module for its session if it has one of its own."""

from __future__ import annotations

from importlib.util import find_spec

from nst_onnx.runtime import gpus
from nst_onnx.runtime.backend import CPU_PROVIDER, Backend, Device, MemoryUse, Precision, Provider, register
from nst_onnx.runtime.devices import onnxruntime
from nst_onnx.runtime.onnxruntime_session import OnnxruntimeSession
from nst_onnx.runtime.openvino.session import OpenVinoSession, has_bf16


def _offers(provider: Provider) -> bool:
    """Whether the installed onnxruntime has an execution provider."""
    return provider.name in onnxruntime().get_available_providers()


def _cuda_options(device: Device) -> dict[str, str]:
    # TensorFloat-32 has 10 bits of precision: too few for exact gradients, so only where asked for.
    options = {"device_id": str(device.index), "use_tf32": str(int(device.precision != "fp32"))}
    options |= {"prefer_nhwc": "1"} if device.nhwc else {}
    return options | ({"enable_cuda_graph": "1"} if device.graph else {})


CUDA_PROVIDER = Provider("CUDAExecutionProvider", "cuda", _cuda_options)

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
