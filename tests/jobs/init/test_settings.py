"""The profile that `recsys init` writes: horizon, nights, tasks and weights."""

import tomllib
from datetime import date, datetime, timedelta

import pytest

from recsys_assets.profile import Profile
from recsys_jobs.init.measure import plan_nights, weigh
from tests.jobs.init.proposal import measured, profile_of


@pytest.mark.parametrize(
    ("figures", "horizon"),
    [
        (measured(), 7),
        (measured(active=(1, 20, 310, 600)), 14),
        (measured(active=(1, 20, 30, 40)), 28),
        (measured(users=100_000, active=(200, 500, 900, 1000)), 7),
        (measured(oldest="2025-06-10", active=(200, 100, 900, 1000)), 5),
        (measured(oldest="2025-06-15"), 3),
        (measured(oldest="2025-06-21"), 2),
        (measured(oldest="2025-06-28"), 1),
        (measured(oldest="2025-05-20", active=(1, 20, 30, 40)), 7),
    ],
)
def test_the_horizon_holds_enough_users_and_fits_the_history(figures, horizon):
    nights = plan_nights(figures)
    assert nights.horizon == horizon
    assert nights.demo[-1] == date(2025, 6, 30)
    assert {b - a for a, b in zip(nights.demo, nights.demo[1:], strict=False)} == {timedelta(days=horizon)}


@pytest.mark.parametrize(("oldest", "pilots"), [("2025-01-01", 3), ("2025-05-27", 2), ("2025-06-03", 1)])
def test_the_first_night_leaves_room_for_pilots_and_for_history_before_them(oldest, pilots):
    nights = plan_nights(measured(oldest=oldest))
    assert nights.demo == (date(2025, 6, 23), date(2025, 6, 30))
    assert nights.first == nights.demo[0] - pilots * timedelta(days=7)
    assert nights.first - date.fromisoformat(oldest) >= timedelta(days=13)


def test_a_live_shop_has_no_last_night_and_waits_for_the_close(propose):
    today = datetime.now().date()
    figures = measured(oldest=str(today - timedelta(days=100)), newest=str(today))
    nights = plan_nights(figures)
    assert not nights.is_history
    assert nights.demo[-1] < today
    delivery = propose("user,item,time\nu,i,2025-01-01\n").delivery
    live = tomllib.loads(profile_of(delivery, figures))
    past = tomllib.loads(profile_of(delivery, measured()))
    assert "last_night" not in live
    assert past["last_night"] == date(2025, 6, 30)
    assert "and set first_night near today" in profile_of(delivery, measured())
    Profile(name="shop", **live)


@pytest.mark.parametrize(("repeats", "tasks"), [(0.3, ["next", "discovery"]), (0.01, ["discovery"])])
def test_only_discovery_where_nobody_repeats(propose, repeats, tasks):
    delivery = propose("user,item,time\nu,i,2025-01-01\n").delivery
    figures = measured(repeats=repeats)
    settings = tomllib.loads(profile_of(delivery, figures))
    assert settings["tasks"] == tasks
    assert ("buy_again" in settings["algorithms"]) == ("next" in tasks)


@pytest.mark.parametrize(
    ("types", "weights"),
    [
        (["purchase"], {"purchase": 1.0}),
        (["view", "addtocart", "purchase"], {"view": 0.1, "addtocart": 0.3, "purchase": 1.0}),
        (["view", "remove_from_cart", "Add-To-Cart"], {"view": 0.333, "Add-To-Cart": 1.0}),
        (["view"], {"view": 1.0}),
        (["purchase", "heartbeat"], {"purchase": 1.0}),
        (["a", "b"], {"a": 1.0, "b": 1.0}),
        (
            ["product viewed", "Product Added", "purchase", "cart viewed", "order_refunded", "order shipped"],
            {"product viewed": 0.1, "Product Added": 0.3, "purchase": 1.0, "cart viewed": 0.1},
        ),
        (["Added to Wishlist", "checkout started"], {"Added to Wishlist": 1.0, "checkout started": 1.0}),
    ],
)
def test_weights_of_event_types(types, weights):
    assert weigh(dict.fromkeys(types, 5)) == weights
