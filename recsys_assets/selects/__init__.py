"""What SQL this project has: files found by their place, what they may not say, and what the tables they make hold."""
