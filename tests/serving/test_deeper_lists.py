"""Lists that are kept deeper than they are graded or shown: what is hidden at request time leaves no answer empty.

A deployment that publishes a hundred places has below the twenty of another one's lists just what that one keeps there.
"""

import pytest

from tests.helpers import sample
from tests.serving.small import serving

DEPTH = 100


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_deeper_lists_have_the_same_grades_and_answer_where_twenty_are_hidden(built, tmp_path):
    deeper = sample.new(tmp_path / "deeper", settings={"horizon": f"horizon = 3\nlist_length = {DEPTH}"})
    deeper.land()
    deeper.build(*sample.NIGHTS, checks=False)
    # These two count what was published, however deep.
    of_published = {"grades.published_rows", "grades.reliability"}
    graded = [name for name in built.lake.tables() if name.startswith("grades.") and name not in of_published]
    assert "grades.summary" in graded
    for name in graded:
        for partition in built.lake.partitions(name):
            assert deeper.rows(name, partition.night) == built.rows(name, partition.night), name
    first = "select task, user_id, rank, item_id, reason, reason_text from serving.recommendations where rank <= 20 "
    lists = built.released(first + "order by all")
    assert deeper.released(first + "order by all") == lists
    rest = "select task, user_id, list(item_id order by rank) from serving.recommendations where rank > 20 group by all"
    assert below(built) == {(task, user): items for task, user, items in deeper.released(rest)}
    assert below(deeper) == {}
    answers_where_twenty_are_hidden(built, lists)
    answers_where_twenty_are_hidden(deeper, lists)


def below(deployment):
    """Ids of the items below each list, by task and user."""
    rows = deployment.released(
        "select l.task, l.user_id, list_select(i.ids, l.items) from serving.deeper_lists as l "
        "cross join (select list(item_id order by item_id) as ids from serving.items) as i"
    )
    return {(task, user): items for task, user, items in rows}


def answers_where_twenty_are_hidden(deployment, lists):
    with serving(deployment.folder) as ask:
        for task, user in sorted({(task, user) for task, user, *_ in lists})[::5]:
            shown = [item for each_task, each, _, item, *_ in lists if (each_task, each) == (task, user)]
            said = ask("/v1/recommendations", {"user": user, "task": task, "k": 10, "seen": shown}).json()
            assert len(said["items"]) == 10
            assert not {item["item_id"] for item in said["items"]} & set(shown)
            assert said["scope"] is None, "what is trending had to fill it up"
