"""Short questions to a DuckDB connection: one value, the columns of a relation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def first_value(con: duckdb.DuckDBPyConnection, query: str, parameters: list[Any] | None = None) -> Any:
    """First value of a query's first row; None when it has no row."""
    rows = con.execute(query, parameters or []).fetchall()
    return rows[0][0] if rows else None


def column_types(con: duckdb.DuckDBPyConnection, relation: str, parameters: list[Any] | None = None) -> dict[str, str]:
    """DuckDB types of a relation's columns by name, in their order; a relation is a table's name or a SELECT."""
    return {row[0]: row[1] for row in con.execute(f"describe {relation}", parameters or []).fetchall()}
