"""Landing, lake and releases: the only code that touches files."""
