"""OpenVINO: sessions, and graph passes for its CPU kernels."""
