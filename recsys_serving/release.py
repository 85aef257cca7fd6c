"""One release as a server holds it: its arrays mapped into memory, and its DuckDB file for what they do not hold.

What belongs here: finding users, items and lists by place, and asking the file with a limit of time. Answers are made
in `recsys_serving.answers`.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.selects.quoting import text
from recsys_assets.storage.release.arrays import open_arrays
from recsys_assets.storage.release.folder import parse_name
from recsys_serving.columns import Texts, numbers_of
from recsys_serving.ids import visible_text
from recsys_serving.reasons import OF_EARLIER, Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb
    import pyarrow as pa

SECONDS = 5.0
"""What a question to the file may take."""
MAX_FOUND = 2_000
"""Items that a search looks at, at most."""


class Row(NamedTuple):
    """One place of a list, as the arrays hold it."""

    item: int
    """Place of the item."""
    score: float | None
    """In (0, 1]; None: below the published list."""
    reason: int
    """Place of the reason; -1: trending; -2: below the published list."""
    evidence: int = -1
    """Place of the item that the reason rests on; -1: none."""
    n: int = -1
    """How often, or how many people; -1: not said."""
    days: int = -1
    """Age of the evidence before the cutoff, in hundredths of a day; -1: not said."""
    confidence: float | None = None
    """How often such a row was taken within the horizon; None: not known."""


class Release:
    """A release, open; what it reads stays whole also when it is deleted meanwhile.

    Parameters
    ----------
    file : Path
        Its DuckDB file, resolved: no link that moves.
    arrays : Path
        Its arrays.

    Raises
    ------
    ReleaseError
        When the arrays cannot be read.
    OSError
        When there are none.
    """

    def __init__(self, file: Path, arrays: Path) -> None:
        held = open_arrays(arrays)
        self.file, self.name = file, file.parent.name
        self.night = parse_name(self.name)[0]
        self.items, self.users, self.scopes = Texts(held, "items"), Texts(held, "users"), Texts(held, "scopes")
        self._item_json, self._group = Texts(held, "item_json"), numbers_of(held["group"])
        # Few, and asked for all the time.
        self._group_json, self._reason_json = Texts(held, "group_json")[:], Texts(held, "reason_json")[:]
        self._reason = numbers_of(held["reason"])
        reasons, told = list(zip(self._reason_json, Texts(held, "reason_words"), strict=True)), Texts(held, "languages")
        self._words = [Words(each, reasons, self.night) for each in told]
        self.languages: tuple[str, ...] = tuple(words.name for words in self._words) or ("en",)
        self.tasks = [task.decode() for task in Texts(held, "tasks")]
        self.categories = Texts(held, "categories")
        self.category, self.n_buyers = numbers_of(held["category"]), numbers_of(held["n_buyers"])
        self._context, self._context_json = numbers_of(held["context"]), Texts(held, "context_json")
        self._lists = held["lists"]
        self._confidence = numbers_of(held["confidence"])
        self._confidences: list[float | None] = [None, *held["confidences"][1:].tolist()]
        self._list_ends: memoryview[int] = numbers_of(held["list_ends"])
        self._deeper, self._deeper_ends = held["deeper"], numbers_of(held["deeper_ends"])
        self._score_parts = held["score_parts"].tolist()
        self._other_scores = held["other_scores"].tolist()
        self._similar, self._similar_ends = held["similar"], numbers_of(held["similar_ends"])
        self._trending, self._trending_ends = held["trending"], numbers_of(held["trending_ends"])
        self._found_by, self._found_ends = held["found_by"], numbers_of(held["found_by_ends"])
        # Of arrays that an earlier version made there are none.
        has = "newcomer_chain" in held
        self.chain = tuple(kind.decode() for kind in Texts(held, "newcomer_chain")) if has else ()
        """Kinds of scopes by which newcomers are served, in order; last ``diverse`` where their lists are spread."""
        self._newcomers = Texts(held, "newcomers") if has else None
        self._newcomer_rows = held.get("newcomer_rows")
        self._newcomer_ends = numbers_of(held["newcomer_rows_ends"]) if has else None
        self._lock, self._n_asking = threading.Lock(), 0

    def item_json(self, item: int) -> bytes:
        """What every answer says of an item, as members of a JSON object."""
        return b"%b,%b" % (self._item_json[item], self._group_json[self._group[item]])

    def reason_json(self, reason: int, evidence: int, n: int, days: int, language: int = 0) -> bytes:
        """What an answer says of the reason of a `Row`, as members of a JSON object; `TRENDING` is one, too."""
        if reason < 0:
            return self._words[language].generic[-reason - 1] if self._words else OF_EARLIER[reason]
        if self._words and (put := self._words[language].of(reason, evidence, n, days, self._title_json)) is not None:
            return put
        said = self._reason_json[reason]
        if b"\x04" in said:
            said = said.replace(b"\x04", b"%d" % (days // 100))
        elif b"\x05" in said:  # Rounded up to the next whole day.
            said = said.replace(b"\x05", b"%d" % (days // 100 - 1))
        if b"\x03" in said:
            said = said.replace(b"\x03", b"%d" % n)
        if b"\x02" in said:  # Last, as a title may hold anything.
            said = said.replace(b"\x02", self._title_json(evidence))
        return said

    def _title_json(self, item: int) -> bytes:
        """The title of an item, or its id where it has none, as JSON without its quotes."""
        item_id, _, rest = self._item_json[item].partition(b'","title":')
        title = rest.rpartition(b',"price":')[0]
        return item_id[len(b'"item_id":"') :] if title == b"null" else title[1:-1]

    def stored_context(self, user: int) -> bytes | None:
        """The context that is stored of a user, as JSON; None: nothing is."""
        place = self._context[user] if user < len(self._context) else -1
        return self._context_json[place] if place >= 0 else None

    def n_listed(self, task: int, user: int) -> int:
        """How long a user's list is."""
        place = task * len(self.users) + user
        return self._list_ends[place + 1] - self._list_ends[place]

    def listed(self, task: int, user: int, first: int = 0, last: int | None = None) -> list[tuple[Any, ...]]:
        """A user's list from place ``first`` to before ``last``, as tuples like `Row`."""
        place = task * len(self.users) + user
        start, end = self._list_ends[place], self._list_ends[place + 1]
        if last is not None:
            end = min(end, start + last)
        of, others, confidences = self._score_parts[task], self._other_scores, self._confidences
        here = slice(start + first, end)
        rows = zip(self._lists[here].tolist(), self._reason[here], self._confidence[here], strict=True)
        return [
            (
                *(item, parts / of if parts <= of else others[parts - of], reason, evidence - 1, n - 1, days - 1),
                confidences[confidence],
            )
            for (low, high, item, evidence, n, days), reason, confidence in rows
            for parts in (low | high << 16,)
        ]

    def below(self, task: int, user: int) -> list[int]:
        """Places of the items that follow a user's list in the ranking it is the beginning of, best first."""
        place = task * len(self.users) + user
        items: list[int] = self._deeper[self._deeper_ends[place] : self._deeper_ends[place + 1]].tolist()
        return items

    def trending(self, scope: str) -> list[tuple[int, float, float]]:
        """Places, scores and shares of what is trending in a scope; empty where the release has no such scope."""
        place = self.scopes.place(scope)
        if place is None:
            return []
        rows: list[tuple[int, float, float]] = self._trending[
            self._trending_ends[place] : self._trending_ends[place + 1]
        ].tolist()
        return rows

    def of_newcomer(self, given: str) -> list[Row]:
        """The list of somebody who told what they like and has done nothing yet; empty of anybody else."""
        place = self._newcomers.place_of_id(given) if self._newcomers is not None else None
        if place is None or self._newcomer_rows is None or self._newcomer_ends is None:
            return []
        of = slice(self._newcomer_ends[place], self._newcomer_ends[place + 1])
        return [Row(*row) for row in self._newcomer_rows[of].tolist()]

    def similar(self, item: int, k: int) -> list[tuple[int, float]]:
        """Places and scores of the first k items that go with an item."""
        start, end = self._similar_ends[item], self._similar_ends[item + 1]
        rows: list[tuple[int, float]] = self._similar[start : min(end, start + k)].tolist()
        return rows

    def of_category(self, category: str) -> list[int]:
        """Places of the items of a category; none of one that the release does not have."""
        sought = self.categories.place(category)
        return [] if sought is None else [place for place, each in enumerate(self.category) if each == sought]

    def search(self, asked: str) -> list[int]:
        """Places of items whose id or title holds a text, in any case: the id itself first, then by buyers.

        Of more than `MAX_FOUND` those whose ids come first.
        """
        sought = visible_text(asked).casefold().encode(errors="surrogatepass")
        found: list[int] = []
        at = self._search_text.find(sought) if sought else -1
        while at >= 0 and len(found) < MAX_FOUND:
            place = bisect_left(self._found_ends, at + 1) - 1
            found.append(place)
            at = self._search_text.find(sought, self._found_ends[place + 1])
        itself = self.items.place_of_id(asked)
        if itself is not None and itself not in found:
            found.append(itself)
        return sorted(found, key=lambda place: (place != itself, -self.n_buyers[place], place))

    @cached_property
    def _search_text(self) -> bytes:
        return self._found_by.tobytes()

    def ask(self, name: str, **values: Any) -> list[dict[str, Any]]:
        """Rows of ``sql/serving/<name>.sql``, from any thread.

        Raises
        ------
        TimeoutError
            When it takes longer than `SECONDS`.
        LookupError
            When the release, of an earlier version, lacks a table or column.
        """
        with self._asked(name) as (cursor, query):
            answer = cursor.execute(query, values)
            columns = [about[0] for about in answer.description or []]
            return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]

    def ask_table(self, name: str, **values: Any) -> pa.Table:
        """The same as an Arrow table.

        Raises
        ------
        TimeoutError, LookupError
            As `ask`.
        ValueError
            When a value is missing, or none of the kind that is asked for.
        """
        import duckdb

        try:
            with self._asked(name) as (cursor, query):
                return cursor.sql(query, params=values).to_arrow_table()
        except duckdb.Error as error:
            raise ValueError(f"{name} cannot be asked so: {str(error).splitlines()[0]}") from error

    @contextmanager
    def _asked(self, name: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
        """A cursor for one question, which is interrupted when it takes too long, and the question."""
        import duckdb

        with self._lock:
            connection = self._connection
            self._n_asking += 1
        query = (SQL_FOLDER / "serving" / f"{name}.sql").read_text()
        try:
            with connection.cursor() as cursor:
                cursor.execute("use recsys")
                limit = threading.Timer(SECONDS, cursor.interrupt)
                limit.start()
                try:
                    yield cursor, query
                finally:
                    limit.cancel()
        except duckdb.InterruptException as error:
            raise TimeoutError(f"{name} took longer than {SECONDS:.0f} s") from error
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            raise LookupError(
                f"Release {self.name} was written by an earlier version, which did not tell this"
            ) from error
        finally:
            with self._lock:
                self._n_asking -= 1

    def let_go(self) -> None:
        """Give back the memory that questions to the file took; the next one opens it again, in some 20 ms."""
        with self._lock:
            if not self._n_asking and "_connection" in self.__dict__:
                self.__dict__.pop("_connection").close()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        # Attached, as DuckDB opens a file once a process where it is the connection's own, with one set of settings.
        connection = duckdb.connect(config={"threads": 1, "memory_limit": "64MB"})
        connection.execute(f"attach {text(str(self.file))} as recsys (read_only)")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        return connection
