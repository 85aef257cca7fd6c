"""Dagster's own store in SQLite, with connections that stay open.

What belongs here: how a process keeps its connections to the files below ``DAGSTER_HOME``. What is stored, and where,
is as in Dagster's default store: the files are the same, and either store reads what the other wrote.

Dagster opens a file, writes an event and closes it again: three times an event of a table, some 2,000 times a night,
and each closing waits for the disk and forgets the SQL that was compiled. It stays while it saves a twentieth of a
night, which ``python -m benchmarks event_store`` measures. `deploy/dagster.yaml` names this class.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import create_engine, event

from recsys_jobs.dagster_internals import (
    DagsterSqliteStorage,
    SqliteEventLogStorage,
    SqliteRunStorage,
    event_logs_directory,
    runs_directory,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

BUSY_TIMEOUT_SECONDS = 30
"""How long one process waits for another that writes to the same file, as in Dagster's own store."""
N_OPEN = 8
"""Files of single runs that stay open; the UI looks at many."""
_INDEX = "index"


class Store(DagsterSqliteStorage):
    """Runs, events and schedules in SQLite files."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        super().__init__(base_dir, inst_data)
        self._run_storage = Runs.from_local(runs_directory(base_dir))
        self._event_log_storage = Events(event_logs_directory(base_dir))

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> Self:
        """Make the store that ``dagster.yaml`` asks for."""
        return cls.from_local(inst_data=inst_data, **config_value)

    def dispose(self) -> None:
        """Close every file."""
        self._event_log_storage.dispose()
        self._run_storage.dispose()
        super().dispose()


class Runs(SqliteRunStorage):
    """Runs, in one file."""

    def __init__(self, conn_string: str, inst_data: Any = None) -> None:
        self._engine = _open(conn_string)
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Begin a transaction."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        self._engine.dispose()


class Events(SqliteEventLogStorage):
    """Events, in one file for each run and an index of what concerns assets."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None) or _open(self.conn_string_for_shard(shard))
        self._engines[shard] = engine  # The latest used stands last.
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        for oldest in [name for name in self._engines if name != _INDEX][:-N_OPEN]:
            self._engines.pop(oldest).dispose()
        return engine

    def wipe(self) -> None:
        """Forget all events."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close every file."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


def _open(conn_string: str) -> Engine:
    engine: Engine = create_engine(conn_string, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
    event.listen(engine, "connect", _do_not_wait_for_the_disk)
    return engine


def _do_not_wait_for_the_disk(connection: Any, _: Any) -> None:
    # With a write-ahead log a power cut may take the latest events, and never the file (sqlite.org/wal.html).
    connection.execute("pragma synchronous = normal")
