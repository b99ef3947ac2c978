"""Evaluation in shards: each process holds some rows of the picture, its gradient and the vectors."""
