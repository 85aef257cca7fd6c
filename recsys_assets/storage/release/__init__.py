"""The one DuckDB file of a night: made, published, rolled back and read."""
