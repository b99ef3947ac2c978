"""Utilities of the operating system that every layer may import: memory, files, locks, error texts."""
