# nst-onnx in a container, as an ordinary user:
#   docker build -t nst-onnx .
#   docker run --rm -v "$PWD":/pictures nst-onnx stylize photo.jpg painting.jpg -o painted.png
# For an NVIDIA GPU: docker build --build-arg EXTRA=gpu -t nst-onnx:gpu . and docker run --gpus all …
# Installed networks and conversions are in /home/painter/.cache: mount a volume there to keep them.
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS build
COPY . /source
RUN pip install --quiet build && python -m build --wheel --outdir /wheels /source

FROM python:${PYTHON}-slim
ARG EXTRA=cpu
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir "$(echo /wheels/*.whl)[${EXTRA}]" \
    && useradd --create-home painter \
    && mkdir /pictures && chown painter /pictures
USER painter
WORKDIR /pictures
ENTRYPOINT ["nst-onnx"]
CMD ["--help"]
