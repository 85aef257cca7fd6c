"""One contract for every registered algorithm, and for instances of some."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from recsys_assets.algorithms import Interactions, Lists, SimilarItems, registry
from recsys_assets.algorithms.instances import ABOUT, configured
from recsys_assets.algorithms.topn import top_n

INSTANCES = {
    "popularity_1d": {"algorithm": "popularity", "half_life_days": 1},
    "item_knn_7d": {"algorithm": "item_knn", "decay_days": 7},
    "tifu_knn_7d": {"algorithm": "tifu_knn", "decay_days": 7},
    "association_rules_60d": {"algorithm": "association_rules", "rule_days": 60},
}
ALGORITHMS = registry() | {name: instance for name, (instance, _) in configured(INSTANCES).items()}
KNOWS_NO_TASTE = {"popularity", "popularity_1d", "random", "segment_popularity"}
"""Does not say what goes with what a user took."""
LISTS_FOR_STRANGERS = KNOWS_NO_TASTE | {"buy_again"}
"""Has a list for a user without events."""
LISTS_WHAT_IT_FINDS = {"association_rules", "association_rules_60d", "sequential_rules"}
"""May leave out an item the user took: nothing is known to lead to it."""
IGNORES_EVENTS = {"random"}
"""Ages and weights change nothing."""
EVERYONE = np.arange(12, dtype=np.int32)


def missing_item(user):
    return user % 6 % 5 + 5 * (user // 6)


@pytest.fixture(scope="module")
def two_groups():
    """Users 0..5 take items 0..4, users 6..11 items 5..9, each but one, all in one basket, three times.

    User 12 and item 10 are bare. What is known beside events says the group, too.
    """
    rounds = [
        (user, item, 8 * round_ + 1 + item % 5, 3 * user + round_)
        for user in range(12)
        for round_ in range(3)
        for item in range(5 * (user // 6), 5 * (user // 6) + 5)
        if item != missing_item(user)
    ]
    users, items, ages, baskets = np.array(rounds, dtype=np.int32).T
    words = (["apple pear", "nail hammer"][item // 5] for item in range(10))
    return Interactions(
        users,
        items,
        ages.astype(np.float64),
        np.ones(len(items)),
        n_users=13,
        n_items=11,
        baskets=baskets,
        contexts={"store": users // 6},
        user_attributes={"age": np.append(np.repeat([0, 1], 6), -1).astype(np.int32)},
        item_attributes={"category": np.append(np.repeat([0, 1], 5), -1).astype(np.int32)},
        item_texts=[*(f"{word} number{item}" for item, word in enumerate(words)), ""],
    )


@pytest.fixture(scope="module")
def noisy():
    """79 users and one bare, 62 items at most; pairs and ages repeat, weights do not add up exactly."""
    random = np.random.default_rng(7)
    n = 3000
    users, ages = random.integers(0, 79, n).astype(np.int32), random.integers(1, 200, n) / 3.0
    return Interactions(
        users=users,
        items=(random.integers(0, 60, n) * random.random(n)).astype(np.int32),
        ages=ages,
        weights=random.choice([0.1, 0.3, 0.7], n),
        n_users=80,
        n_items=62,
        baskets=np.unique(100 * users + (ages // 3).astype(np.int32), return_inverse=True)[1].astype(np.int32),
        contexts={"store": random.integers(-1, 4, n).astype(np.int32), "country": np.full(n, -1, dtype=np.int32)},
        user_attributes={"age": random.integers(-1, 3, 80).astype(np.int32)},
        item_attributes={"category": random.integers(-1, 5, 62).astype(np.int32)},
        item_texts=[f"word{item % 7} word{item % 11} name{item // 2}" for item in range(62)],
    )


def more_events(train, random, **events):
    """Add events of new baskets, in contexts as they come."""
    n = len(events["users"])
    added = events | {"baskets": train.baskets.max() + 1 + np.arange(n, dtype=np.int32)}
    contexts = {
        name: np.append(codes, random.integers(-1, 4, n).astype(np.int32)) for name, codes in train.contexts.items()
    }
    return replace(
        train, contexts=contexts, **{name: np.append(getattr(train, name), values) for name, values in added.items()}
    )


@pytest.fixture(params=ALGORITHMS)
def algorithm(request):
    return ALGORITHMS[request.param]


def settings_of(algorithm, **settings):
    """Settings of any algorithm; the encoder, which takes seconds to read, is one for all tests."""
    encoder = {"model": "tests.algorithms.encoder:make"} if algorithm.name == "embedding_content" else {}
    own = {name: value for name, value in INSTANCES.get(algorithm.name, {}).items() if name not in ABOUT}
    return algorithm.Settings(**(encoder | own | settings))


def fitted(algorithm, train, *, seed=3):
    return algorithm(settings_of(algorithm), seed=seed).fit(train)


def assert_equal(left, right):
    for field in fields(Lists):
        np.testing.assert_array_equal(getattr(left, field.name), getattr(right, field.name), err_msg=field.name)


def seen_pairs(train):
    return set(zip(train.users.tolist(), train.items.tolist(), strict=True))


def test_describes_itself(algorithm):
    assert algorithm.title
    assert algorithm.description.endswith(".")
    assert algorithm.tasks
    assert algorithm.tasks <= {"next", "discovery"}
    assert algorithm.Settings().n_candidates == 100
    assert not ABOUT & algorithm.Settings.model_fields.keys(), "in a profile these are no settings"
    for name, field in algorithm.Settings.model_fields.items():
        assert field.description, f"setting {name} has no docstring"
    with pytest.raises(ValueError, match="typo"):
        algorithm.Settings(typo=1)


def test_keeps_to_the_taste_of_the_group(algorithm, two_groups):
    if algorithm.name in KNOWS_NO_TASTE:
        pytest.skip("knows no taste")
    lists = fitted(algorithm, two_groups).recommend(EVERYONE, 4, exclude_seen=False)
    assert lists.users.tolist() == np.repeat(EVERYONE, 4).tolist()
    assert (lists.items // 5 == lists.users // 6).all()


def test_one_event_is_enough_for_a_list_of_ones_own(algorithm, two_groups):
    """User 12 took item 6 once, in a basket of its own, and then belongs to the second group."""
    if algorithm.name in KNOWS_NO_TASTE:
        pytest.skip("knows no taste")
    once = replace(
        two_groups,
        users=np.append(two_groups.users, np.int32(12)),
        items=np.append(two_groups.items, np.int32(6)),
        ages=np.append(two_groups.ages, 1.0),
        weights=np.append(two_groups.weights, 1.0),
        baskets=np.append(two_groups.baskets, two_groups.baskets.max() + 1).astype(np.int32),
        contexts={"store": np.append(two_groups.contexts["store"], 1).astype(np.int32)},
    )
    lists = fitted(algorithm, once).recommend(np.array([12], np.int32), 4, exclude_seen=False)
    assert lists.items[0] // 5 == 1
    if algorithm.name != "buy_again":  # What the user took, then what is trending.
        assert (lists.items // 5 == 1).all()


def test_finds_the_item_each_user_misses(algorithm, two_groups):
    if "discovery" not in algorithm.tasks:
        pytest.skip("serves only what the user had")
    lists = fitted(algorithm, two_groups).recommend(EVERYONE, 10, exclude_seen=True)
    missing = {user: missing_item(user) for user in range(12)}
    listed = {(user, item): rank for user, item, rank in zip(lists.users, lists.items, lists.ranks, strict=True)}
    for user, item in missing.items():
        assert (user, item) in listed
        if algorithm.name not in KNOWS_NO_TASTE:
            assert listed[user, item] == 1


def test_lists_are_well_formed(algorithm, noisy):
    users = np.array([41, 3, 79, 3, 17], dtype=np.int32)
    n = 12
    lists = fitted(algorithm, noisy).recommend(users, n, exclude_seen=False)
    assert [getattr(lists, field.name).dtype for field in fields(Lists)] == [
        np.int32,
        np.int32,
        np.int32,
        np.float64,
    ]
    starts = np.flatnonzero(lists.ranks == 1)
    asked = [user for user in users.tolist() if user != 79 or algorithm.name in LISTS_FOR_STRANGERS]
    assert lists.users[starts].tolist() == asked
    for begin, end in zip(starts, [*starts[1:], len(lists.ranks)], strict=True):
        assert lists.ranks[begin:end].tolist() == list(range(1, end - begin + 1))
        assert 0 < end - begin <= n
        assert len(set(lists.items[begin:end].tolist())) == end - begin
        order = np.lexsort((lists.items[begin:end], -lists.scores[begin:end]))
        assert order.tolist() == list(range(end - begin))
    assert np.isfinite(lists.scores).all()


@pytest.mark.parametrize("exclude_seen", [False, True])
def test_seen_items_are_excluded_and_only_they(algorithm, noisy, exclude_seen):
    users = np.arange(80, dtype=np.int32)
    recommender = fitted(algorithm, noisy)
    lists = recommender.recommend(users, 1000, exclude_seen=exclude_seen)
    pairs = list(zip(lists.users.tolist(), lists.items.tolist(), strict=True))
    seen = seen_pairs(noisy)
    if not exclude_seen:
        assert algorithm.name in LISTS_WHAT_IT_FINDS or seen <= set(pairs)
        return
    everything = recommender.recommend(users, 1000, exclude_seen=False)
    unseen = [
        pair for pair in zip(everything.users.tolist(), everything.items.tolist(), strict=True) if pair not in seen
    ]
    assert pairs == unseen
    assert unseen or algorithm.tasks == {"next"}


def test_an_event_of_weight_0_is_seen_and_changes_nothing_else(algorithm, noisy, tmp_path):
    random = np.random.default_rng(9)
    events = {
        "users": np.append(random.integers(0, 80, 400), [79] * 11).astype(np.int32),  # User 79 had nothing before.
        "items": np.append(random.integers(0, 61, 400), [*range(10), 61]).astype(np.int32),  # Nobody had item 61.
        "ages": random.integers(1, 200, 411) / 3.0,
        "weights": np.zeros(411),
    }
    more = more_events(noisy, random, **events)
    everyone, queries = np.arange(80, dtype=np.int32), np.arange(62, dtype=np.int32)
    without = fitted(algorithm, noisy)
    everything, seen = without.recommend(everyone, 1000, exclude_seen=False), seen_pairs(more)
    unseen = [pair not in seen for pair in zip(everything.users.tolist(), everything.items.tolist(), strict=True)]
    scores = np.full((80, 62), -np.inf)
    scores[everything.users[unseen], everything.items[unseen]] = everything.scores[unseen]
    fitted(algorithm, more).save(tmp_path)
    for recommender in (fitted(algorithm, more), algorithm.load(tmp_path)):
        assert_equal(recommender.recommend(everyone, 1000, exclude_seen=False), everything)
        assert_equal(recommender.recommend(everyone, 5, exclude_seen=True), top_n(everyone, scores, 5))
        if isinstance(recommender, SimilarItems):
            assert_equal(recommender.similar(queries, 20), without.similar(queries, 20))


def test_short_lists_are_the_beginning_of_long_ones(algorithm, noisy):
    recommender = fitted(algorithm, noisy)
    users = np.arange(79, dtype=np.int32)
    for exclude_seen in (False, True):
        long = recommender.recommend(users, 40, exclude_seen)
        short = recommender.recommend(users, 5, exclude_seen)
        top = long.ranks <= 5
        assert_equal(short, Lists(*(getattr(long, field.name)[top] for field in fields(Lists))))


def test_more_than_the_catalogue_is_no_error(algorithm, two_groups):
    lists = fitted(algorithm, two_groups).recommend(EVERYONE, 110, exclude_seen=False)
    assert 10 not in lists.items, "item 10 was never taken, nothing is known of it"
    assert np.bincount(lists.users).max() <= 10


def test_user_without_history(algorithm, two_groups):
    lists = fitted(algorithm, two_groups).recommend(np.array([12, 0], dtype=np.int32), 3, exclude_seen=False)
    assert (12 in lists.users) == (algorithm.name in LISTS_FOR_STRANGERS)
    assert 0 in lists.users


def test_empty_request_and_unknown_user(algorithm, two_groups):
    recommender = fitted(algorithm, two_groups)
    for n, users in ((5, []), (0, [1, 2])):
        lists = recommender.recommend(np.array(users, dtype=np.int32), n, exclude_seen=True)
        assert len(lists.users) == len(lists.items) == len(lists.ranks) == len(lists.scores) == 0
    for unknown in (-1, 13):
        with pytest.raises(IndexError, match=r"0\.\.12"):
            recommender.recommend(np.array([unknown], dtype=np.int32), 5, exclude_seen=True)


def test_night_without_events(algorithm, tmp_path):
    none = np.empty(0, dtype=np.int32)
    recommender = fitted(algorithm, Interactions(none, none, np.empty(0), np.empty(0), n_users=3, n_items=5))
    recommender.save(tmp_path)
    lists = algorithm.load(tmp_path).recommend(np.arange(3, dtype=np.int32), 5, exclude_seen=True)
    assert len(lists.users) == 0


def test_comes_back_from_files(algorithm, noisy, tmp_path):
    settings = settings_of(algorithm, n_candidates=17)
    saved = algorithm(settings, seed=11).fit(noisy)
    saved.save(tmp_path / "a" / "b")
    loaded = algorithm.load(tmp_path / "a" / "b")
    assert (loaded.settings, loaded.seed) == (settings, 11)
    users = np.arange(80, dtype=np.int32)
    for exclude_seen in (False, True):
        assert_equal(saved.recommend(users, 20, exclude_seen), loaded.recommend(users, 20, exclude_seen))
    assert {path.suffix for path in (tmp_path / "a" / "b").iterdir()} == {".npy", ".json"}


def test_equal_fits_give_equal_bytes_whatever_the_order_of_events(algorithm, noisy, tmp_path):
    order = np.random.default_rng(1).permutation(len(noisy.users))
    shuffled = noisy.where(order)
    contents = []
    for name, train in (("delivered", noisy), ("shuffled", shuffled)):
        fitted(algorithm, train).save(tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())})
    assert contents[0] == contents[1]
    fitted(algorithm, noisy).save(tmp_path / "delivered")
    assert contents[0] == {path.name: path.read_bytes() for path in sorted((tmp_path / "delivered").iterdir())}


@pytest.mark.parametrize("n_threads", [1, 2])
def test_same_lists_on_any_number_of_threads(algorithm, noisy, n_threads):
    users = np.arange(80, dtype=np.int32)
    expected = fitted(algorithm, noisy).recommend(users, 20, exclude_seen=False)
    with threadpool_limits(n_threads):  # The threads of OpenMP are limited, too: implicit uses them.
        free = fitted(algorithm, noisy).recommend(users, 20, exclude_seen=False)
    assert_equal(expected, free)


def test_same_lists_when_threads_ask_at_once(algorithm, noisy):
    recommender = fitted(algorithm, noisy)
    batches = [np.arange(first, first + 4, dtype=np.int32) for first in range(0, 80, 4)] * 5

    def lists(users):
        return [recommender.recommend(users, 15, exclude_seen=excluded) for excluded in (False, True)]

    alone, interval = [lists(users) for users in batches], sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for expected, at_once in zip(alone, pool.map(lists, batches), strict=True):
                assert_equal(Lists.concatenate(expected), Lists.concatenate(at_once))
    finally:
        sys.setswitchinterval(interval)


def test_same_lists_in_any_batches(algorithm, noisy):
    recommender = fitted(algorithm, noisy)
    users = np.random.default_rng(5).permutation(np.tile(np.arange(80, dtype=np.int32), 9))
    whole = recommender.recommend(users, 15, exclude_seen=True)
    pieces = np.split(users, [1, 2, 5, 80, 81, 600])
    assert_equal(whole, Lists.concatenate([recommender.recommend(piece, 15, exclude_seen=True) for piece in pieces]))


def test_learns_from_ages_and_weights(algorithm, noisy):
    if algorithm.name in IGNORES_EVENTS:
        pytest.skip("knows only which items there are")
    users = np.arange(80, dtype=np.int32)
    scores = fitted(algorithm, noisy).recommend(users, 20, exclude_seen=False).scores
    for changed in (replace(noisy, ages=noisy.ages[::-1]), replace(noisy, weights=noisy.weights[::-1])):
        assert not np.array_equal(fitted(algorithm, changed).recommend(users, 20, exclude_seen=False).scores, scores)


def test_without_what_is_known_beside_events_there_is_no_error(algorithm, noisy):
    bare = replace(noisy, baskets=None, contexts={}, user_attributes={}, item_attributes={}, item_texts=())
    for exclude_seen in (False, True):
        fitted(algorithm, bare).recommend(np.arange(80, dtype=np.int32), 20, exclude_seen)


def test_uses_only_what_it_names(algorithm, noisy):
    given = {
        "baskets": None,
        "contexts": {},
        "user_attributes": {},
        "item_attributes": {},
        "item_texts": (),
    }
    named = replace(noisy, **{name: empty for name, empty in given.items() if name not in algorithm.uses})
    users = np.arange(80, dtype=np.int32)
    lists = [fitted(algorithm, train).recommend(users, 20, exclude_seen=False) for train in (noisy, named)]
    assert_equal(*lists)


def test_refuses_the_files_of_another_algorithm(algorithm, two_groups, tmp_path):
    fitted(algorithm, two_groups).save(tmp_path)
    other = next(other for other in ALGORITHMS.values() if other is not algorithm)
    with pytest.raises(ValueError, match=algorithm.name):
        other.load(tmp_path)


@pytest.mark.parametrize("similar_items", [a for a in ALGORITHMS.values() if issubclass(a, SimilarItems)])
def test_similar_items_come_from_the_group(similar_items, two_groups):
    items = np.array([7, 0, 10, 7], dtype=np.int32)
    lists = fitted(similar_items, two_groups).similar(items, 4)
    assert lists.users.tolist() == [7] * 4 + [0] * 4 + [7] * 4
    assert lists.ranks.tolist() == [1, 2, 3, 4] * 3
    assert (lists.items // 5 == lists.users // 5).all()
    assert (lists.items != lists.users).all()
