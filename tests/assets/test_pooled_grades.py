"""Pooled grades and comparisons, recomputed slowly from the per-user grades of the nights they may see."""

from collections import defaultdict
from itertools import permutations
from statistics import fmean

import pytest

from recsys_assets.evaluation.pooling import COMPARED
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.storage.lake.provenance import provenance
from tests.helpers.sample import NIGHTS

FIRST, SECOND, LAST = NIGHTS
TABLES = ("grades.pooled", "grades.comparisons")
POOLED = "task, users, algorithm, k, metric, status, mean, low, high, n_nights, n_users, n_user_nights"
COMPARISONS = (
    "task, algorithm, baseline, k, metric, difference, low, high, p, p_corrected, n_compared, n_nights, n_users, "
    "n_user_nights"
)


def user_nights(deployment, last):
    """Values of each list by task, users, cut and metric: {(night, user): value}, of the nights up to the last."""
    by_list = defaultdict(dict)
    for night in (night for night in NIGHTS if night <= last):
        for table in ("grades.published", "grades.candidates"):
            rows = deployment.rows(table, night, "task, is_cold_user, algorithm, user_key, k, ndcg, recall, precision")
            for task, is_cold, algorithm, user, k, *values in rows:
                for metric, value in zip(("ndcg", "recall", "precision"), values, strict=True):
                    by_list[task, ("known", "unknown")[is_cold], algorithm, k, metric][night, user] = value
    return by_list


def counts(nights):
    return len({night for night, _ in nights}), len({user for _, user in nights}), len(nights)


@pytest.mark.parametrize("night", [SECOND, LAST])
def test_pooled_means_are_over_the_user_nights_seen_so_far(built, night):
    expected = {key: (fmean(values.values()), *counts(values)) for key, values in user_nights(built, night).items()}
    pooled = {}
    for row in built.rows("grades.pooled", night, POOLED):
        key, (status, mean, low, high, *rest) = row[:5], row[5:]
        assert status == "published"
        assert low - 1e-9 <= mean <= high + 1e-9
        pooled[key] = (mean, *rest)
    assert {key[4] for key in pooled} == {"ndcg", "recall", "precision", "map", "mrr", "hit_rate"}
    for key, (mean, *rest) in expected.items():
        assert pooled[key] == (pytest.approx(mean, abs=1e-12), *rest), key
    assert max(row[1] for row in pooled.values()) == NIGHTS.index(night)


@pytest.mark.parametrize("night", [SECOND, LAST])
def test_leaders_are_compared_with_every_list_on_the_same_user_nights(built, night):
    values, expected = user_nights(built, night), {}
    for (task, k, metric), names in grouped(values).items():  # They are of known users.
        pairs = [(name, other) for name, other in permutations(names, 2) if leads(name, other)]
        for pair in pairs if (k, metric) in COMPARED else []:
            ours, theirs = (values[task, "known", name, k, metric] for name in pair)
            both = ours.keys() & theirs.keys()
            difference = fmean(ours[key] - theirs[key] for key in both)
            expected[task, *pair, k, metric] = (difference, len(pairs), *counts(both))
    rows = built.rows("grades.comparisons", night, COMPARISONS)
    comparisons = {row[:5]: (row[5], *row[10:]) for row in rows}
    assert set(comparisons) == set(expected)
    assert len(comparisons) >= len(COMPARED) * (4 + 3)
    for key, (difference, *rest) in expected.items():
        assert comparisons[key] == (pytest.approx(difference, abs=1e-12), *rest), key
    assert all(low - 1e-9 <= difference <= high + 1e-9 for *_, difference, low, high in (row[:8] for row in rows))


def leads(name, other):
    """Whether a list is compared with another: published with all, configurations with those after them."""
    places = {leader: place for place, leader in enumerate(("published", *CONFIGURATIONS))}
    return name in places and places[name] < places.get(other, len(places))


def grouped(values):
    algorithms = defaultdict(set)
    for task, _, algorithm, k, metric in values:
        algorithms[task, k, metric].add(algorithm)
    return algorithms


def test_a_night_pools_no_grade_of_a_later_one(built, tmp_path):
    """Built again while later grades lie in the lake, the tables are the same, and rest on no later file."""
    deployment = built.copy(tmp_path / "again")
    for table in TABLES:
        (deployment.lake.partition(table, SECOND)).path.unlink()
    deployment.build(SECOND, only=list(TABLES))
    for table in TABLES:
        again, before = deployment.lake.partition(table, SECOND), built.lake.partition(table, SECOND)
        assert again.fingerprint == before.fingerprint
        nights = {night for nights in provenance(again.path).inputs.values() for night in nights}
        assert nights == {FIRST, SECOND}
        assert again.fingerprint != built.lake.partition(table, LAST).fingerprint


def test_the_first_night_has_nothing_to_pool(built):
    for table in TABLES:
        assert built.rows(table, FIRST) == []


def test_rebuilt_lists_are_pooled_apart(built, tmp_path):
    """The lists of SECOND made by later settings: what LAST says of them stands beside what was published before."""
    deployment = built.copy(tmp_path / "rebuilt")
    shorter = deployment.profile.model_copy(update={"list_length": 15})
    deployment.build(SECOND, profile=shorter, only=["recommendations.lists"])
    regraded = ("judged_published", "published", "beyond_accuracy", "summary", "pooled", "comparisons")
    deployment.build(LAST, only=[f"grades.{name}" for name in regraded])
    nights = {
        (algorithm, status): n_nights
        for algorithm, status, n_nights in deployment.rows("grades.pooled", LAST, "algorithm, status, n_nights")
    }
    names = {algorithm for algorithm, _ in nights}
    learning = {name for name in names if name.startswith(("reranker", "blend"))}  # It had learned nothing on FIRST.
    assert learning
    published = {(name, "published"): 1 for name in names - learning}
    assert nights == published | {(name, "rebuilt"): 1 for name in names}
    apart = {row[0]: row[1:] for row in deployment.rows("grades.comparisons", LAST, "status, n_compared, n_nights")}
    assert set(apart) == {"published", "rebuilt"}
    assert all(n_nights == 1 for _, n_nights in apart.values())


def test_both_tables_are_in_the_release(built):
    for table, columns in (("pooled", POOLED), ("comparisons", COMPARISONS + ", status")):
        released = built.released(f"select {columns} from meta.{table}")
        assert released == built.rows(f"grades.{table}", LAST, columns)
        assert len(released) > 20
