"""What every layer may use: memory, files, threads, errors of libraries."""
