"""What every error that a person can do something about has in common."""

from __future__ import annotations


class RecsysError(Exception):
    """An expected failure. Its message is for people: it names the file, row, setting or night and says what to do.

    The command line prints it as it is and ends with exit code 1; anything else is a fault of ours and keeps its
    traceback.
    """
