"""Jobs of many parts: batches of pictures, videos, and work that is distributed over a Ray cluster."""
