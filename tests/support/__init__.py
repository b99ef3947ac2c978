"""What tests share: networks, pictures, weight files, reference implementations, other processes."""
