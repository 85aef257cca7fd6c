"""Texts and names as they stand inside SQL, for the places where DuckDB binds no parameter."""

from __future__ import annotations


def text(value: str) -> str:
    """SQL literal of a text."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Identifier in quotes, for column names as delivered."""
    return '"' + name.replace('"', '""') + '"'
