"""``recommendations.lists``: what a night publishes, with who proposed each item and what its reason rests on.

What belongs here: the champions' lists as rows, with the ranks that the algorithms gave to what they hold. All else is
the SELECT's, ``sql/recommendations/lists.sql``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.training import PLACES, positions
from recsys_assets.profile import PROJECT
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.ranking.list_arrays import lists_by_algorithm, lists_in
from recsys_assets.ranking.policies import rules_in_force
from recsys_assets.ranking.proposals import leads_to, links_in, proposals_of, shares, with_pinned
from recsys_assets.reasons.figures import figure_rows, sentence_rows
from recsys_assets.reasons.languages import first_language
from recsys_assets.reasons.templates import template_files
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.ranking.list_arrays import UserLists
    from recsys_assets.storage.lake.snapshot import Snapshot

_SELECT = load_select(SQL_FOLDER / "recommendations" / "lists.sql")
_CHAMPIONS = "select task, configuration from recommendations.champions where is_champion"
_RANKED = """
select user_key, items[1:$n] as items, scores[1:$n] as scores, algorithm
from packed.recommendations.rankings
where task = $task and algorithm = $champion and user_key between $first and $last
order by user_key
"""
# An algorithm by itself may have nothing for a user, who then has the fusion's list.
_ALONE = """
select user_key, items[1:$n] as items, scores[1:$n] as scores, algorithm
from packed.candidates.lists
where task = $task and algorithm = $champion and user_key between $first and $last
union all
select rankings.user_key, rankings.items[1:$n], rankings.scores[1:$n], rankings.algorithm
from packed.recommendations.rankings as rankings
anti join packed.candidates.lists as lists
    on
        lists.task = rankings.task
        and lists.user_key = rankings.user_key
        and lists.algorithm = $champion
        and lists.user_key between $first and $last
where rankings.task = $task and rankings.algorithm = 'fusion' and rankings.user_key between $first and $last
order by user_key
"""
_LISTS = """
select algorithm, user_key, items
from packed.candidates.lists
where task = $task and user_key between $first and $last
order by algorithm, user_key
"""
_TOOK = """
select user_key, item_key, decayed_weight
from features.user_item
where user_key between $first and $last
order by user_key, item_key
"""
# Every number that a reason may say: how often or how many, how many days are whole, and how many lie before the night.
_NUMBERS = """
select n_baskets::bigint as number from features.user_item
union
select n_buyers::bigint from features.item
union
select buyers_7d::bigint from features.item_trend
union
select unnest([floor(recency_days)::bigint, greatest(ceil(recency_days)::bigint - 1, 0)]) from features.user_item
order by number
"""
# What the rules of [policy] left of the champion's list: each place keeps the score that the champion has there.
_UNDER_RULES = """
select
    lists.user_key,
    policies.items[1:$n] as items,
    list_resize(lists.scores, len(policies.items[1:$n]), lists.scores[-1]) as scores,
    lists.algorithm,
    policies.rules[1:$n] as rules
from ({lists}) as lists
inner join recommendations.policies as policies
    on policies.user_key = lists.user_key and policies.task = $task and policies.without = ''
where policies.items <> []
order by lists.user_key
"""
USERS_AT_ONCE = 8_192


def steps(profile: Profile) -> list[Step]:
    """The lists of every task."""
    packed = (TableName("candidates", "lists", "packed"), TableName("recommendations", "rankings", "packed"))
    names = ("champions", "similar_items", *(["policies"] if profile.policy else []))
    others = (TableName("recommendations", name) for name in names)
    return [
        Step(
            name="recommendations.lists",
            description=_SELECT.description,
            make=partial(_lists, profile),
            reads=tuple(sorted({*_SELECT.reads, *PLACES.reads, *packed, *others})),
            key=_SELECT.key,
            kinds=("duckdb", "sql"),
            sql=(_SELECT.path, *template_files(profile.reasons, profile.reasons.languages[0], PROJECT)),
        )
    ]


def _lists(profile: Profile, snapshot: Snapshot) -> Made:
    import pyarrow as pa

    evidence = _Evidence(profile, snapshot)
    (last,) = snapshot.row("select coalesce(max(user_key), -1) from clean.users")
    # Without a user there is one part, too: an empty one, with its columns.
    pieces = [(task, first) for task in profile.tasks for first in range(0, max(last, 0) + 1, USERS_AT_ONCE)]
    published = pa.concat_tables(in_order(lambda piece: evidence.of(*piece), pieces)).combine_chunks()
    snapshot.add("made.published", published.append_column("score", _shares(published, profile.tasks)))
    language = first_language(profile)
    snapshot.add("made.templates", sentence_rows(language))
    numbers = snapshot.table(_NUMBERS)["number"].drop_null().to_pylist()
    snapshot.add("made.figures", figure_rows(language, snapshot.night, numbers))
    return Made(_SELECT)


def _shares(published: pa.Table, tasks: Sequence[str]) -> pa.ChunkedArray:
    """Share of the rows of its task whose raw score is no higher, of each row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    scores = (published.filter(pc.equal(published["task"], task))["raw_score"].to_numpy() for task in tasks)
    return pa.chunked_array([shares(of_task) for of_task in scores])


def _rules_behind(lists: UserLists, rules: pa.ChunkedArray | None) -> pa.Array:
    """Names of the rules behind each published place: a list each, empty where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.repeat("", len(lists.items)) if rules is None else pc.list_flatten(rules).combine_chunks()
    return pc.if_else(pc.equal(texts, ""), pa.scalar([], pa.list_(pa.string())), pc.split_pattern(texts, ","))


class _Evidence:
    """What reasons may rest on, for some users of a task at a time."""

    def __init__(self, profile: Profile, snapshot: Snapshot) -> None:
        items = snapshot.table(PLACES.text)
        self._rrf_k, self._n, self._snapshot = profile.rrf_k, profile.list_length, snapshot
        self._keys, self._ties = items["item_key"].to_numpy(), items["place"].to_numpy()
        self._index_of = positions(self._keys)
        similar = snapshot.table("select item_key, similar_item_key, score from recommendations.similar_items")
        self._links = links_in(similar, self._index_of, len(self._keys))
        self._champions = {row["task"]: row["configuration"] for row in snapshot.table(_CHAMPIONS).to_pylist()}
        weights = "select task, algorithm, weight, rests_on from recommendations.fusion_weights"
        self._algorithms = snapshot.table(weights).to_pylist()
        self._has_rules = bool(rules_in_force(profile.policy, snapshot.night))

    def of(self, task: str, first: int) -> pa.Table:
        """Rows of ``made.published`` for a batch of users."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        bounds = {"first": first, "last": first + USERS_AT_ONCE - 1}
        with self._snapshot.cursor() as cursor:
            champion = {"task": task, "champion": self._champions.get(task), "n": self._n}
            query = _RANKED if champion["champion"] in {*CONFIGURATIONS, None} else _ALONE
            query = _UNDER_RULES.format(lists=query) if self._has_rules else query
            published = cursor.sql(query, params=bounds | champion).to_arrow_table()
            listed = cursor.sql(_LISTS, params=bounds | {"task": task}).to_arrow_table()
            took = cursor.sql(_TOOK, params=bounds).to_arrow_table()
        of_task = [row for row in self._algorithms if row["task"] == task]
        weights = {row["algorithm"]: row["weight"] for row in of_task}
        lists, rules = lists_in(published), published["rules"] if self._has_rules else None
        rows = proposals_of(lists, lists_by_algorithm(listed, weights), weights, self._rrf_k)
        rules_of = _rules_behind(lists, rules)
        if rules is not None:
            is_pinned = pc.match_substring_regex(pc.list_flatten(rules), r"\bpin\b").to_numpy()
            rows = with_pinned(rows, lists, is_pinned, [name for name, weight in weights.items() if weight > 0])
        by_history = pa.array([row["algorithm"] for row in of_task if "history" in row["rests_on"]], pa.string())
        asks = pc.is_in(rows["reason_algorithm"], value_set=by_history).to_numpy()
        leads = leads_to(rows, asks, took, self._links, self._index_of, self._ties)
        # The last key, which -1 stands for, is masked.
        taken = pa.array(np.append(self._keys, 0)[leads], pa.int32(), mask=leads < 0)
        of_list = np.repeat(np.arange(published.num_rows), pc.list_value_length(published["items"]).to_numpy())
        return pa.table(
            {
                "task": pa.repeat(task, rows.num_rows),
                **{name: rows[name] for name in ("user_key", "rank", "item_key", "algorithms", "reason_algorithm")},
                "took_item_key": taken,
                "policies": rules_of.take(rows["row"]),
                "raw_score": pc.list_flatten(published["scores"]).take(rows["row"]),
                "configuration": published["algorithm"].take(pa.array(of_list[rows["row"].to_numpy()])),
            }
        )
