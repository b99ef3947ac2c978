"""Figures of robustness: fuzzed inputs, and processes killed at random times."""
