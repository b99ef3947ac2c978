"""Many pictures: batches, films, and clusters of machines."""
