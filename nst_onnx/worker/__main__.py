"""``python -m nst_onnx.worker``: the name by which installed plug-ins start the engine, in every version."""

from nst_onnx.editors.worker.__main__ import main

if __name__ == "__main__":
    main()
