"""``recommendations.policies``: the champions' rankings under the rules of ``[policy]``, and without each of them.

What belongs here: giving rules what they ask for, and keeping what they chose. Without ``[policy]`` the table is empty,
and nothing is read.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.training import positions
from recsys_assets.profile import ProfileError
from recsys_assets.ranking.list_arrays import lists_in
from recsys_assets.ranking.policies import rules, rules_in_force
from recsys_assets.ranking.policies.applying import ALL, added_by, choose, effects_of, names_of, with_added
from recsys_assets.ranking.policies.base import Items, Offered, PolicyError
from recsys_assets.selects.contracts import CONTRACTS, arrow_schema
from recsys_assets.selects.files import TableName, load_select, table_files
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.ranking.policies import Rule
    from recsys_assets.ranking.policies.applying import Chosen
    from recsys_assets.selects.files import Select
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.policies"
_CHAMPIONS = "select task, configuration from recommendations.champions where is_champion"
_ALWAYS = ("items", "rankings", "sample")
USERS_AT_ONCE = 8_192
N_KEPT = 20
"""Places of a list that are kept without a rule: as deep as lists are graded."""


def steps(profile: Profile) -> list[Step]:
    """The step, which reads what the profile's rules ask for."""
    selects, kinds = _selects(profile), rules()
    asked = {table for name in profile.policy for table in kinds[name](profile.policy[name]).tables()}
    used = {name: selects[name] for name in (*_ALWAYS, *sorted(asked)) if name in selects} if profile.policy else {}
    reads = {name for select in used.values() for name in select.reads} | {TableName("recommendations", "champions")}
    return [
        Step(
            name=TABLE,
            description="The champion's ranking of each user and task under the rules of `[policy]`, with what follows "
            "it, and of a sample of users without each rule. Empty where the profile has none.",
            make=partial(_lists, profile, selects),
            reads=tuple(sorted(reads)),
            key=("without", "task", "user_key"),
            kinds=("python", "numba"),
            sql=tuple(select.path for select in used.values()),
            modules=tuple(sorted({kinds[name].__module__ for name in profile.policy})),
        )
    ]


def _selects(profile: Profile) -> dict[str, Select]:
    """SELECTs that rules may ask for, by name; a source may have some of its own, in its folder ``policies/``."""
    return {name: load_select(path, keyed=False) for name, path in table_files("policies", profile.source).items()}


def _lists(profile: Profile, selects: dict[str, Select], snapshot: Snapshot) -> Made:
    import pyarrow as pa

    schema, in_force = arrow_schema(CONTRACTS[TABLE]), rules_in_force(profile.policy, snapshot.night)
    if not in_force:
        return Made(schema.empty_table(), facts={"rules": "none"})
    applied = _Applied(profile, selects, in_force, snapshot)
    (last,) = snapshot.row("select coalesce(max(user_key), -1) from clean.user_keys")
    pieces = [(task, first) for task in profile.tasks for first in range(0, max(last, 0) + 1, USERS_AT_ONCE)]
    batches = chain.from_iterable(in_order(lambda piece: applied.of(*piece), pieces))
    rows = pa.RecordBatchReader.from_batches(schema, batches)
    return Made(rows, facts={"rules": ", ".join(rule.name for rule in in_force)}, log=tuple(applied.unknown()))


class _Applied:
    """The rules of a night, for some users of a task at a time."""

    def __init__(self, profile: Profile, selects: dict[str, Select], in_force: list[Rule], snapshot: Snapshot) -> None:
        self._n, self._depth = profile.list_length, max(profile.list_length, profile.release.depth)
        self._rules, self._selects, self._snapshot = in_force, selects, snapshot
        self._items = Items(snapshot.table(selects["items"].text))
        self._index_of = positions(self._items.keys)
        self._sample = snapshot.table(selects["sample"].text)["user_key"].to_numpy()
        self._champions = {row["task"]: row["configuration"] for row in snapshot.table(_CHAMPIONS).to_pylist()}
        self._schema = arrow_schema(CONTRACTS[TABLE])
        self._of_night: dict[str, pa.Table] = {}
        self._of_users: dict[str, dict[str, Any]] = {}
        self._ask()
        try:  # Rules that ask for what is not there say so of nobody's lists, before any is made.
            for task in profile.tasks:
                effects_of(in_force, self._offered(task, -USERS_AT_ONCE))
        except PolicyError as error:
            raise ProfileError(str(error)) from error

    def _ask(self) -> None:
        """Read what rules ask for of the night, and keep what they ask for of users."""
        for rule in self._rules:
            for name, asked in rule.tables().items():
                if name not in self._selects:
                    raise ProfileError(
                        f"policy.{rule.name}: the profile's source has no sql/policies/{name}.sql. Write it in the "
                        f"source's folder policies/, or take the setting out of the profile."
                    )
                if re.search(r"\$first\b", self._selects[name].text):
                    self._of_users[name] = dict(asked)
                else:
                    select = self._selects[name]
                    self._of_night[name] = self._snapshot.table(select.text, dict(asked))

    def unknown(self) -> Iterator[str]:
        """A line for each rule that names what no item is."""
        for rule in self._rules:
            for named in rule.named(self._snapshot.night):
                if said := self._items.unknown(named, f"policy.{rule.name}"):
                    yield f"policy.{rule.name}: no item has {'; '.join(said)}. Look at how the source spells it."

    def of(self, task: str, first: int) -> list[pa.RecordBatch]:
        """Lists of a batch of users: under all rules, and of those of the sample without each and without any."""
        import numpy as np

        offered = self._offered(task, first)
        offered, added = with_added(offered, added_by(self._rules, self._items, offered))
        chosen = choose(offered, added, effects_of(self._rules, offered), n=self._n, depth=self._depth)
        batches = [self._batch("", offered, chosen, self._depth)]
        some = np.isin(offered.users, self._sample)
        if not some.any():
            return batches
        sampled, kept = _only(offered, some)
        effects, is_added = effects_of(self._rules, sampled), added[kept]
        for place, rule in enumerate(self._rules):
            without = choose(sampled, is_added, effects, n=self._n, depth=self._n, left_out=place)
            batches.append(self._batch(rule.name, sampled, without, N_KEPT))
        bare = choose(sampled, is_added, [], n=self._n, depth=self._n)
        return [*batches, self._batch(ALL, sampled, bare, N_KEPT)]

    def _offered(self, task: str, first: int) -> Offered:
        bounds = {"first": first, "last": first + USERS_AT_ONCE - 1}
        asked = {"task": task, "champion": self._champions.get(task, "fusion"), "depth": self._depth}
        with self._snapshot.cursor() as cursor:
            ranked = cursor.sql(self._selects["rankings"].text, params=bounds | asked).to_arrow_table()
            tables = {
                name: cursor.sql(self._selects[name].text, params=bounds | asked_of).to_arrow_table()
                for name, asked_of in self._of_users.items()
            }
        users, offsets, rows = lists_in(ranked, self._index_of)
        return Offered(task, self._snapshot.night, self._items, users, offsets, rows, self._of_night | tables)

    def _batch(self, without: str, offered: Offered, chosen: Chosen, depth: int) -> pa.RecordBatch:
        """Rows of the table, each list cut at ``depth``."""
        import numpy as np
        import pyarrow as pa

        lengths = np.diff(chosen.offsets)
        kept = np.arange(len(chosen.rows)) - np.repeat(chosen.offsets[:-1], lengths) < depth
        offsets = np.concatenate([[0], np.cumsum(np.minimum(lengths, depth))]).astype(np.int32)
        rules_of = names_of(chosen.rules[kept], [rule.name for rule in self._rules])
        return pa.record_batch(
            {
                "without": pa.repeat(without, len(offered.users)),
                "task": pa.repeat(offered.task, len(offered.users)),
                "user_key": pa.array(offered.users),
                "items": pa.ListArray.from_arrays(offsets, self._items.keys[chosen.rows[kept]]),
                "rules": pa.ListArray.from_arrays(offsets, pa.array(rules_of, pa.string())),
            },
            schema=self._schema,
        )


def _only(offered: Offered, some: Any) -> tuple[Offered, Any]:
    """Rankings of some of the users, and which rows they are."""
    from dataclasses import replace

    import numpy as np

    kept, lengths = some[offered.list_of], np.diff(offered.offsets)[some]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return replace(offered, users=offered.users[some], offsets=offsets, rows=offered.rows[kept]), kept
