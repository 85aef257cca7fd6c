"""What every error that a person can do something about has in common, and the sentence for a disk that refuses."""

from __future__ import annotations


class RecsysError(Exception):
    """An expected failure. Its message is for people: it names the file, row, setting or night and says what to do.

    The command line prints it as it is and ends with exit code 1; anything else is a fault of ours: its traceback is
    kept in a log and the exit code is 70.
    """


class DiskError(RecsysError):
    """A disk that is full, or a place that cannot be written; the message names it and says what to do."""


_OS_ERRORS: list[type[OSError]] = [OSError, *OSError.__subclasses__()]
_REFUSES = {error.__name__ for error in _OS_ERRORS} | {
    "IOException",
    "TransactionException",
    "FatalException",
    "OperationalError",
}
"""Classes of errors by which Python, Arrow (OSError), DuckDB and SQLAlchemy say what the disk said."""
_FULL = ("no space left on device", "database or disk is full", "disk quota exceeded", "file too large")
_CLOSED = (
    "read-only file system",
    "permission denied",
    "operation not permitted",
    "not a directory",
    "file exists",
    "disk i/o error",
    "readonly database",
    "unable to open database file",
)


def disk_sentence(kind: str, message: str) -> str | None:
    """What to tell people where an error comes from the disk; None where it does not.

    Parameters
    ----------
    kind
        Name of the error's class, as it stands in a traceback.
    message
        Its text.
    """
    if kind.rpartition(".")[2] not in _REFUSES:
        return None
    said = message.lower()
    detail = message.strip().split("\n")[0].rstrip(".")
    if any(words in said for words in _FULL):
        return (
            f"The disk is full: {detail}. Free some space (`recsys prune` deletes what is superseded), then run the "
            "same command again: what was finished is kept, and nothing half-written is ever read."
        )
    if any(words in said for words in _CLOSED):
        return (
            f"A file or folder cannot be used: {detail}. Mend its permissions, or choose another place (RECSYS_DATA "
            "moves the data folder), then run the same command again: what was finished is kept."
        )
    return None


def disk_error(error: BaseException | None) -> DiskError | None:
    """The same for an error that was caught, looking through what caused it."""
    while error is not None:
        sentence = disk_sentence(type(error).__name__, str(error))
        if sentence:
            return DiskError(sentence)
        error = error.__cause__ or error.__context__
    return None
