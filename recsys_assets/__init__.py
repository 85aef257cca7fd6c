"""The asset graph: what exists, and how it is stored, checked and computed."""
