"""Columns of the tables other tables count on: the contracts between stages.

What belongs here: tables written by Python, and those a night may read before any night wrote them (an absent
partition is shown empty, with these columns); a write with other columns is refused. Beside them what every raw table
has, and what a source may say of items and users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_assets.selects.grade_contracts import GRADES
from recsys_assets.selects.tuning_contracts import TUNING

if TYPE_CHECKING:
    import pyarrow as pa

LANDED = {
    "landed_id": "UUID",
    "landed_file": "INTEGER",
    "landed_row": "BIGINT",
    "landed_known_at": "TIMESTAMP",
    "landed_night": "DATE",
}
"""Columns that every raw table has beside the delivered ones."""

CANDIDATES = {
    # A row an item listed. Stored are lists: see `selects.list_tables`.
    "algorithm": "VARCHAR",
    "task": "VARCHAR",
    "user_key": "INTEGER",
    "item_key": "INTEGER",
    "rank": "INTEGER",
    "score": "DOUBLE",
}

EVENTS = {
    "event_id": "UUID",
    "user_key": "INTEGER",
    "item_key": "INTEGER",
    "event_type": "VARCHAR",
    "event_ts": "TIMESTAMP",
    "known_at": "TIMESTAMP",
    "quantity": "DOUBLE",
    "value": "DOUBLE",
    "rating": "DOUBLE",
    "basket_id": "VARCHAR",
    "session_id": "VARCHAR",
    "device": "VARCHAR",
    "os": "VARCHAR",
    "country": "VARCHAR",
    "region": "VARCHAR",
    "store": "VARCHAR",
}

CONTRACTS: dict[str, dict[str, str]] = {
    "clean.user_keys": {"user_key": "INTEGER", "user_id": "VARCHAR"},
    "clean.item_keys": {"item_key": "INTEGER", "item_id": "VARCHAR"},
    "clean.events": EVENTS,
    "clean.cancellations": {
        "cancellation_id": "UUID",
        "user_id": "VARCHAR",
        "item_id": "VARCHAR",
        "event_ts": "TIMESTAMP",
        "known_at": "TIMESTAMP",
        "quantity": "DOUBLE",
        "basket_id": "VARCHAR",
    },
    "clean.retractions": {
        "event_id": "UUID",
        "retracted_by": "UUID",
        "quantity": "DOUBLE",
        "reason": "VARCHAR",
        "known_at": "TIMESTAMP",
    },
    "clean.deliveries": {
        "file": "VARCHAR",
        "table_name": "VARCHAR",
        "content": "VARCHAR",
        "is_history": "BOOLEAN",
        "status": "VARCHAR",
        "arrived_at": "TIMESTAMP",
        "is_superseded": "BOOLEAN",
        "n_rows": "BIGINT",
        "n_rejected": "BIGINT",
        "rejects": "STRUCT(column_name VARCHAR, reason VARCHAR, n_rows BIGINT, "
        "examples STRUCT(row_number BIGINT, delivered VARCHAR)[])[]",
    },
    "recommendations.similar_items": {
        "item_key": "INTEGER",
        "rank": "INTEGER",
        "similar_item_key": "INTEGER",
        "score": "DOUBLE",
        "algorithm": "VARCHAR",
    },
    "recommendations.fusion_weights": {
        "task": "VARCHAR",
        "algorithm": "VARCHAR",
        "weight": "DOUBLE",
        "learned_night": "DATE",
        "n_lists": "INTEGER",
        "title": "VARCHAR",
        "rests_on": "VARCHAR[]",
        "own_weight": "DOUBLE",
        "own_ndcg": "DOUBLE",
        "leads": "BOOLEAN",
    },
    **TUNING,
    "recommendations.candidates": {
        "task": "VARCHAR",
        "user_key": "INTEGER",
        "item_key": "INTEGER",
        "rank": "INTEGER",
        "score": "DOUBLE",
        "n_algorithms": "INTEGER",
        "best_rank": "INTEGER",
    },
    "recommendations.rankings": CANDIDATES,
    "recommendations.champions": {
        "task": "VARCHAR",
        "configuration": "VARCHAR",
        "incumbent": "VARCHAR",
        "is_champion": "BOOLEAN",
        "reason": "VARCHAR",
        "difference": "DOUBLE",
        "low": "DOUBLE",
        "high": "DOUBLE",
        "p": "DOUBLE",
        "p_corrected": "DOUBLE",
        "n_users": "INTEGER",
        "n_user_nights": "INTEGER",
    },
    "recommendations.lists": {
        "task": "VARCHAR",
        "user_key": "INTEGER",
        "rank": "INTEGER",
        "item_key": "INTEGER",
        "score": "DOUBLE",
        "raw_score": "DOUBLE",
        "configuration": "VARCHAR",
        "algorithms": "STRUCT(algorithm VARCHAR, rank INTEGER)[]",
        "reason": "VARCHAR",
        "reason_algorithm": "VARCHAR",
        "evidence_item_key": "INTEGER",
        "evidence_count": "INTEGER",
        "evidence_days": "DOUBLE",
        "evidence_category": "VARCHAR",
        "reason_template": "VARCHAR",
        "reason_about": "VARCHAR",
        "reason_text": "VARCHAR",
        "policies": "VARCHAR[]",
        "model_night": "DATE",
    },
    "recommendations.confidence": {"task": "VARCHAR", "configuration": "VARCHAR"}
    | dict.fromkeys(("rank", "score_tenth", "n_nights", "n_rows", "n_taken"), "INTEGER")
    | {"confidence": "DOUBLE"},
    "recommendations.contributions": {
        "task": "VARCHAR",
        "user_key": "INTEGER",
        "rank": "INTEGER",
        "item_key": "INTEGER",
        "explains": "VARCHAR",
        "base": "DOUBLE",
        "parts": "STRUCT(part VARCHAR, contribution DOUBLE)[]",
    },
    "recommendations.sentences": {
        "evidence_hash": "VARCHAR",
        "item_key": "INTEGER",
        "reason_template": "VARCHAR",
        "is_once": "BOOLEAN",
        "evidence_item_key": "INTEGER",
        "reason_about": "VARCHAR",
        "language": "VARCHAR",
        "blurb": "VARCHAR",
        "explanation": "VARCHAR",
        "refused_because": "VARCHAR",
        "model": "VARCHAR",
        "n_rows": "INTEGER",
    },
    "recommendations.policies": {
        "without": "VARCHAR",
        "task": "VARCHAR",
        "user_key": "INTEGER",
        "items": "INTEGER[]",
        "rules": "VARCHAR[]",
    },
    "recommendations.trending_by_window": {
        "scope": "VARCHAR",
        "window_days": "INTEGER",
        "rank": "INTEGER",
        "item_key": "INTEGER",
        "score": "DOUBLE",
    },
    "recommendations.trending_windows": {
        "window_days": "INTEGER",
        "ndcg": "DOUBLE",
        "difference": "DOUBLE",
        "shrunk_difference": "DOUBLE",
        "n_nights": "INTEGER",
        "n_user_nights": "INTEGER",
        "is_chosen": "BOOLEAN",
    },
    "clean.onboarding": {
        "landed_id": "UUID",
        "user_id": "VARCHAR",
        "weight": "DOUBLE",
        "category": "VARCHAR",
        "item_id": "VARCHAR",
        "known_from": "TIMESTAMP",
        "known_at": "TIMESTAMP",
    },
    "recommendations.newcomers": {
        "user_id": "VARCHAR",
        "rank": "INTEGER",
        "item_key": "INTEGER",
        "score": "DOUBLE",
        "reason": "VARCHAR",
        "evidence_item_key": "INTEGER",
    },
    "recommendations.newcomer_chain": {
        "kind": "VARCHAR",
        "place": "INTEGER",
        "is_chosen": "BOOLEAN",
        "ndcg": "DOUBLE",
        "difference": "DOUBLE",
        "shrunk_difference": "DOUBLE",
        "n_nights": "INTEGER",
        "n_user_nights": "INTEGER",
    },
    "recommendations.trending": {"scope": "VARCHAR", "rank": "INTEGER", "item_key": "INTEGER", "score": "DOUBLE"},
    **GRADES,
    "audits.detectors": {
        "detector": "VARCHAR",
        "subject": "VARCHAR",
        "measure": "VARCHAR",
        "value": "DOUBLE",
        "reference": "DOUBLE",
        "threshold": "DOUBLE",
        "p": "DOUBLE",
        "n": "INTEGER",
        "is_suspicious": "BOOLEAN",
        "reason": "VARCHAR",
    },
    "releases.published": {"release": "VARCHAR", "lists_fingerprint": "VARCHAR"},
}

_VERSION = {"landed_id": "UUID", "known_at": "TIMESTAMP", "content": "VARCHAR", "known_from": "TIMESTAMP"}
OPEN_ENDED = {
    "clean.user_versions": {"user_key": "INTEGER"} | _VERSION,
    "clean.item_versions": {"item_key": "INTEGER"} | _VERSION,
}
"""Columns of tables to which a source adds its own."""

OPTIONAL_TABLES = frozenset({"clean.onboarding"})
"""Extra tables that our own SQL reads: of a source that does not deliver one it is shown empty."""

OPTIONAL_ITEM_COLUMNS = {
    "title": "VARCHAR",
    "department": "VARCHAR",
    "category": "VARCHAR",
    "subcategory": "VARCHAR",
    "brand": "VARCHAR",
    "price": "DOUBLE",
    "retired_at": "TIMESTAMP",
}

OPTIONAL_USER_COLUMNS = {"country": "VARCHAR", "region": "VARCHAR"}


def contract(table: str) -> dict[str, str] | None:
    """Declared columns (name to DuckDB type) of a lake table, or None when only its SQL says."""
    return CANDIDATES if table.startswith("candidates.") else CONTRACTS.get(table)


def arrow_schema(columns: dict[str, str]) -> pa.Schema:
    """Arrow schema of declared DuckDB columns, for tables made by Python."""
    import pyarrow as pa

    kinds = {
        "VARCHAR": pa.string(),
        "VARCHAR[]": pa.list_(pa.string()),
        "INTEGER": pa.int32(),
        "INTEGER[]": pa.list_(pa.int32()),
        "UTINYINT[]": pa.list_(pa.uint8()),
        "USMALLINT[]": pa.list_(pa.uint16()),
        "DOUBLE[]": pa.list_(pa.float64()),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in columns.items()])


def declared_rows(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows made by Python as an Arrow table with the columns that a lake table declares; a value left out is null."""
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=arrow_schema(CONTRACTS[table]))
