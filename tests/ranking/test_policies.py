"""Rules by hand on tiny and odd rankings, and what holds of every list whatever the rules."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_assets.ranking.policies import PolicyError, rules, rules_in_force
from recsys_assets.ranking.policies.applying import added_by, choose, effects_of, names_of, with_added
from recsys_assets.ranking.policies.base import Items, Offered
from recsys_assets.wrong_policy import problems_of_policy

NIGHT = date(2020, 3, 31)


def items(**columns):
    """Items 0, 1, … with ids i0, i1, …, keys 10 times as large, and columns of their own."""
    n = len(next(iter(columns.values())))
    given_ = {
        "item_key": pa.array([10 * place for place in range(n)], pa.int32()),
        "item_id": [f"i{place}" for place in range(n)],
        "is_retired": [False] * n,
        "unsold_days": pa.array([1.0] * n),
        "price_paid": pa.array([1.0] * n),
    }
    return Items(pa.table(given_ | columns))


def offered(known, *lists, task="next", night=NIGHT, **tables):
    """Rankings of users 1, 2, …"""
    return Offered(
        task,
        night,
        known,
        np.arange(1, len(lists) + 1, dtype=np.int32),
        np.cumsum([0, *map(len, lists)]).astype(np.int64),
        np.array([item for each in lists for item in each], np.int32),
        tables,
    )


def lists_under(policy, of, *, n=20, depth=100, left_out=-1):
    """Each list's items, and the rules behind each."""
    in_force = rules_in_force(policy, of.night)
    of, added = with_added(of, added_by(in_force, of.items, of))
    chosen = choose(of, added, effects_of(in_force, of), n=n, depth=depth, left_out=left_out)
    said = names_of(chosen.rules, [rule.name for rule in in_force])
    spans = zip(chosen.offsets[:-1], chosen.offsets[1:], strict=True)
    return [(chosen.rows[a:b].tolist(), said[a:b].tolist()) for a, b in spans]


def only(policy, of, **sizes):
    return [found for found, _ in lists_under(policy, of, **sizes)]


CATEGORIES = items(category=["a", "a", "a", "b", None])


def test_without_a_rule_a_ranking_is_what_it_was():
    of = offered(CATEGORIES, [3, 1, 0], [], [4])
    assert lists_under({}, of) == [([3, 1, 0], ["", "", ""]), ([], []), ([4], [""])]
    assert only({}, of, n=2, depth=3)[0] == [3, 1, 0]
    assert only({}, of, n=1, depth=2)[0] == [3, 1]


def test_a_cap_leaves_out_what_is_too_much_and_says_so_once():
    of = offered(CATEGORIES, [0, 1, 2, 3, 4])
    assert lists_under({"caps": {"category": 1}}, of, n=3) == [([0, 3, 4, 1, 2], ["", "caps", "", "", ""])]
    # A list that the cap makes short is followed by nothing; items without a category have no cap.
    assert only({"caps": {"category": 2}}, offered(CATEGORIES, [0, 1, 2, 4])) == [[0, 1, 4]]
    assert only({"caps": {"category": 1}}, offered(CATEGORIES, [1])) == [[1]]


def test_caps_by_two_columns_hold_both():
    known = items(category=["a", "a", "b", "b"], brand=["x", "y", "x", "z"])
    assert only({"caps": {"category": 1, "brand": 1}}, offered(known, [0, 1, 2, 3])) == [[0, 3]]


def test_diversity_puts_new_groups_before_the_like():
    of = offered(CATEGORIES, [0, 1, 2, 3])
    # Relevance is 1, .63, .5, .43: at strength .2, .63 * .8 - .2 = .3 is less than .43 * .8 = .34.
    assert lists_under({"diversity": {"strength": 0.2}}, of) == [([0, 3, 1, 2], ["", "diversity", "", ""])]
    assert only({"diversity": {"strength": 0.01}}, of) == [[0, 1, 2, 3]]
    # What has no category is like nothing.
    assert only({"diversity": {"strength": 0.9}}, offered(CATEGORIES, [0, 1, 4])) == [[0, 4, 1]]


def test_what_is_excluded_is_left_out_and_the_ranking_moves_up():
    of = offered(CATEGORIES, [0, 1, 2, 3])
    policy = {"exclude": {"items": ["i1", "unknown"], "attributes": {"category": ["b"]}}}
    assert lists_under(policy, of, n=2) == [([0, 2], ["", "exclude"])]
    assert only(policy, offered(CATEGORIES, [1, 3])) == [[]]


def test_a_rule_for_one_task_leaves_the_other_alone():
    policy = {"exclude": {"items": ["i1"], "tasks": ["discovery"]}}
    assert only(policy, offered(CATEGORIES, [1, 0])) == [[1, 0]]
    assert only(policy, offered(CATEGORIES, [1, 0], task="discovery")) == [[0]]


def test_what_is_sold_out_is_left_out():
    known = items(in_stock=["yes", "no", None, "yes"], unsold_days=pa.array([1.0, 1.0, 40.0, None]))
    of = offered(known, [0, 1, 2, 3])
    assert only({"availability": {"unsold_days": 28}}, of) == [[0, 1, 3]]
    assert only({"availability": {"unsold_days": 40}}, of) == [[0, 1, 2, 3]]
    assert only({"availability": {"attributes": {"in_stock": ["no"]}}}, of) == [[0, 2, 3]]


def bands(*rows):
    return pa.table(
        {
            "user_key": pa.array([row[0] for row in rows], pa.int32()),
            "low": pa.array([row[1] for row in rows], pa.float64()),
            "high": pa.array([row[2] for row in rows], pa.float64()),
        }
    )


def test_prices_keep_to_what_the_user_pays():
    known = items(price_paid=pa.array([1.0, 5.0, None, 2.0]))
    # The second user has no band; an item without a price is inside every one, and so are its ends.
    of = offered(known, [0, 1, 2, 3], [1, 0], price_bands=bands((1, 2.0, 4.0)))
    assert lists_under({"price": {}}, of) == [([2, 3], ["price", ""]), ([1, 0], ["", ""])]
    half = lists_under({"price": {"strength": 0.5}}, of)
    assert half[0] == ([0, 2, 3, 1], ["", "price", "price", ""])
    assert only({"price": {}}, offered(known, [0], price_bands=bands())) == [[0]]


def taken(*rows):
    return pa.table(
        {
            "user_key": pa.array([row[0] for row in rows], pa.int32()),
            "item_key": pa.array([row[1] for row in rows], pa.int32()),
            "recency_days": pa.array([row[2] for row in rows], pa.float64()),
        }
    )


def gaps(*rows):
    return pa.table({"value": pa.array([row[0] for row in rows], pa.string()), "gap_days": [row[1] for row in rows]})


def test_no_second_fridge_for_a_while():
    policy = {"never_again": {"days": {"a": 30}}}
    of = offered(CATEGORIES, [1, 3, 0, 4], [1, 3], taken=taken((1, 20, 29.9), (1, 40, 1.0), (2, 0, 30.0)))
    assert lists_under(policy, of) == [([3, 4], ["never_again", "never_again"]), ([1, 3], ["", ""])]
    assert only(policy, offered(CATEGORIES, [1], taken=taken())) == [[1]]


def test_a_gap_that_was_learned_counts_where_none_is_given():
    policy = {"never_again": {"days": {"a": 5}, "learned_quantile": 0.1}}
    of = offered(CATEGORIES, [1, 3], taken=taken((1, 0, 6.0), (1, 30, 6.0)), gaps=gaps(("a", 90.0), ("b", 7.0)))
    assert only(policy, of) == [[1]]


UNTIL = {"until": NIGHT}


def test_what_is_boosted_stands_higher_until_its_night():
    policy = {"boost": {"entries": [{"items": ["i2"], "factor": 1.5, **UNTIL}]}}
    of = offered(CATEGORIES, [0, 1, 2, 3])
    assert lists_under(policy, of) == [([0, 2, 1, 3], ["", "boost", "", ""])]
    late = offered(CATEGORIES, [0, 1, 2, 3], night=date(2020, 4, 1))
    assert rules_in_force(policy, late.night) == []
    assert only(policy, late) == [[0, 1, 2, 3]]


def test_an_entry_that_ended_gains_nothing_beside_one_that_goes_on():
    ended = {"items": ["i2"], "factor": 9.0, "until": date(2020, 3, 30)}
    policy = {"boost": {"entries": [ended, {"attributes": {"category": ["b"]}, "factor": 2.0, **UNTIL}]}}
    assert only(policy, offered(CATEGORIES, [0, 1, 2, 3])) == [[0, 3, 1, 2]]


def test_promotions_count_where_the_source_has_them():
    of = offered(CATEGORIES, [0, 1, 2], promoted=pa.table({"item_key": pa.array([20], pa.int32())}))
    assert only({"boost": {"promoted": 1.5}}, of) == [[0, 2, 1]]


def had(*pairs):
    return pa.table(
        {
            "user_key": pa.array([user for user, _ in pairs], pa.int32()),
            "item_key": pa.array([item for _, item in pairs], pa.int32()),
        }
    )


def test_what_is_pinned_has_its_place_in_every_list():
    policy = {"pin": {"entries": [{"item": "i4", "place": 2, **UNTIL}, {"item": "gone", **UNTIL}]}}
    of = offered(CATEGORIES, [0, 1, 2], [4, 0, 1], [], had=had())
    assert lists_under(policy, of) == [
        ([0, 4, 1, 2], ["", "pin", "", ""]),
        ([0, 4, 1], ["", "pin", ""]),  # It had the first place, which the next takes.
        ([4], ["pin"]),  # No list is so long; it comes as soon as it can.
    ]
    assert only(policy, offered(CATEGORIES, [0, 1], night=date(2020, 4, 1), had=had())) == [[0, 1]]


def test_discovery_pins_nothing_that_was_had():
    policy = {"pin": {"entries": [{"item": "i4", **UNTIL}]}}
    assert only(policy, offered(CATEGORIES, [0], [0], task="discovery", had=had((1, 40)))) == [[0], [4, 0]]


def test_what_a_rule_removes_is_not_pinned_and_a_cap_counts_it():
    pin = {"pin": {"entries": [{"item": "i1", "place": 3, **UNTIL}]}}
    of = offered(CATEGORIES, [0, 2, 3, 4], had=had())
    assert only(pin | {"exclude": {"items": ["i1"]}}, of) == [[0, 2, 3, 4]]
    assert only(pin | {"caps": {"category": 1}}, of) == [[3, 4, 1]]


def test_two_pins_of_one_place_stand_side_by_side():
    entries = [{"item": f"i{item}", "place": 1, **UNTIL} for item in (2, 3)]
    assert only({"pin": {"entries": entries}}, offered(CATEGORIES, [0, 3], had=had())) == [[3, 2, 0]]


def test_an_effect_is_the_list_without_the_rule():
    policy = {"caps": {"category": 1}, "exclude": {"items": ["i0"]}}
    of = offered(CATEGORIES, [0, 1, 2, 3])
    assert [rule.name for rule in rules_in_force(policy, NIGHT)] == ["caps", "exclude"]
    assert only(policy, of) == [[1, 3]]
    assert only(policy, of, left_out=0) == [[1, 2, 3]]
    assert only(policy, of, left_out=1) == [[0, 3]]


def test_a_column_that_items_lack_is_named():
    with pytest.raises(PolicyError, match=r"policy\.caps\.seller: items of this source have no column 'seller'.*categ"):
        only({"caps": {"seller": 1}}, offered(CATEGORIES, [0]))


def test_what_the_profile_names_and_no_item_is_can_be_told():
    policy = {
        "exclude": {"items": ["i1", "i9"], "attributes": {"category": ["a", "Z"]}},
        "never_again": {"days": {"b": 3, "FRIGDES": 9}},
        "pin": {"entries": [{"item": "i7", **UNTIL}, {"item": "i8", "until": date(2020, 3, 1)}]},
        "boost": {"entries": [{"items": ["i6"], **UNTIL}]},
    }
    told = {
        rule.name: [said for named in rule.named(NIGHT) for said in CATEGORIES.unknown(named, rule.name)]
        for rule in rules_in_force(policy, NIGHT)
    }
    assert told == {
        "boost": ["item_id = 'i6'"],
        "exclude": ["item_id = 'i9'", "category = 'Z'"],
        "never_again": ["category = 'FRIGDES'"],
        "pin": ["item_id = 'i7'"],
    }


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"cap": {}}, [(("policy", "cap"), "is no rule; did you mean caps?")]),
        ({"caps": {"category": 0}}, [(("policy", "caps", "category"), "greater than or equal to 1")]),
        ({"diversity": {"strenght": 0.5}}, [(("policy", "diversity", "strenght"), "did you mean strength?")]),
        ({"price": {"low": 0.9, "high": 0.1}}, [(("policy", "price"), "a band needs low < high")]),
        ({"pin": {"entries": [{"item": "1"}]}}, [(("policy", "pin", "entries", 0, "until"), "required")]),
        ({"never_again": {"days": {"a": -1}}}, [(("policy", "never_again", "days", "a"), "greater than 0")]),
        ({"boost": {"entries": [{"until": NIGHT}]}}, [(("policy", "boost", "entries", 0), "names no items")]),
    ],
)
def test_wrong_settings_are_named(policy, said):
    found = problems_of_policy(policy)
    assert [place for place, _ in found] == [place for place, _ in said]
    assert all(part in text for (_, text), (_, part) in zip(found, said, strict=True))


def test_every_rule_says_what_it_does():
    assert list(rules()) == ["availability", "boost", "caps", "diversity", "exclude", "never_again", "pin", "price"]
    assert all(rule.description and rule.Settings for rule in rules().values())


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_list_repeats_an_item_or_exceeds_a_cap(data):
    n_items = data.draw(st.integers(1, 30))
    some = st.sampled_from(["a", "b", "c", None])
    known = items(
        category=pa.array(data.draw(st.lists(some, min_size=n_items, max_size=n_items)), pa.string()),
        brand=pa.array(data.draw(st.lists(some, min_size=n_items, max_size=n_items)), pa.string()),
    )
    order = data.draw(st.lists(st.permutations(range(n_items)), min_size=1, max_size=4))
    lists = [each[: data.draw(st.integers(0, n_items))] for each in order]
    caps = {"category": data.draw(st.integers(1, 4)), "brand": data.draw(st.integers(1, 4))}
    pins = data.draw(
        st.lists(st.tuples(st.integers(0, n_items), st.integers(1, 20)), max_size=4, unique_by=lambda p: p[0])
    )
    policy = {
        "caps": caps,
        "diversity": {"strength": data.draw(st.sampled_from([0.05, 0.5, 0.95]))},
        "exclude": {"items": [f"i{item}" for item in data.draw(st.lists(st.integers(0, n_items), max_size=3))]},
        "boost": {"entries": [{"attributes": {"brand": ["a"]}, "factor": 3.0, **UNTIL}]},
    }
    if pins:
        policy["pin"] = {"entries": [{"item": f"i{item}", "place": place, **UNTIL} for item, place in pins]}
    n = data.draw(st.integers(1, 12))
    depth = n + data.draw(st.integers(0, 12))
    for found, _ in lists_under(policy, offered(known, *lists, had=had()), n=n, depth=depth):
        assert len(found) <= depth
        assert len(set(found)) == len(found)
        assert not {f"i{item}" for item in found} & set(policy["exclude"]["items"])
        for column, most in caps.items():
            values = [known.table[column][item].as_py() for item in found[:n]]
            assert all(values.count(value) <= most for value in set(values) - {None})
