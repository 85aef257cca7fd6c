"""`recsys init`: from a file nobody has described yet to a source and a profile."""
