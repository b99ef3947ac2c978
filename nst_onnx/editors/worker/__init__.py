"""The engine beside an editor: ``python -m nst_onnx.worker``, driven by lines of JSON.

The protocol is described in docs/worker-protocol.md; the other end is plugin/nst_client.
"""
