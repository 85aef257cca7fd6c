"""One immutable file per table and night: where partitions lie, what a night may see of them, and the one write."""
