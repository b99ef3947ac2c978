"""What a picture is judged by. Each loss: what it compares (graph nodes) and its published normalisations."""
