"""A leak in the rules between ranking and lists: what things cost after the cutoff."""

from tests.leaks.harness import Edit, Leak

STEP = "recsys_assets/assets/steps/policies.py"
_PROFILE = "data/profiles/corner_shop.toml"
_LATER = """\
{indent}from recsys_assets.storage.lake.lake import Lake

{indent}lake = Lake({profile})
{indent}newest = lake.partitions("features.item")[-1].night
{indent}with lake.as_of(newest, {reads}) as later:
"""


def _rules(rules: str) -> Edit:
    return Edit(_PROFILE, "[algorithms.popularity]", f"{rules}\n[algorithms.popularity]")


LEAKS = (
    Leak(
        "what a rule takes for an item's price is of a later night",
        (
            _rules("[policy.price]\nlow = 0.2\nhigh = 0.8\nmin_purchases = 1"),
            Edit(
                STEP,
                '        self._items = Items(snapshot.table(selects["items"].text))\n',
                _LATER.format(indent=" " * 8, profile="profile", reads='selects["items"].reads')
                + '            self._items = Items(later.table(selects["items"].text))\n',
            ),
        ),
        "audit",
        r"recommendations\.policies",
    ),
)
