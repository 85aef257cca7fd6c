"""Clicks of a news portal: every column arrives, at epoch milliseconds, codes as text."""

from datetime import date, datetime

import duckdb
import pytest

from tests.sources.deployment import Deployment, deploy

FIRST, LAST = date(2017, 10, 1), date(2017, 10, 3)
CLICK = (
    "user_id,session_id,session_start,session_size,click_article_id,click_timestamp,click_environment,"
    "click_deviceGroup,click_os,click_country,click_region,click_referrer_type\n"
)


@pytest.fixture
def globo(tmp_path, shared_data) -> Deployment:
    """All four files, landed."""
    deployment = deploy(tmp_path / "globo", "globo")
    landed = deployment.take(*(shared_data / "globo_fragment").glob("*.csv"))
    assert sorted((file.raw_table, file.rows_landed, file.rows_rejected) for file in landed) == [
        ("articles", 112, 0),
        ("articles", 135, 0),
        ("clicks", 318, 0),
        ("clicks", 322, 0),
    ]
    return deployment


def test_columns_and_instants_arrive(globo, shared_data):
    globo.write_clean(LAST)
    delivered = duckdb.connect()
    folder = shared_data / "globo_fragment"
    delivered.execute(
        "create table clicks as select distinct * replace (make_timestamp(click_timestamp::bigint * 1000) as "
        f"click_timestamp) from read_csv('{folder}/clicks_*.csv', all_varchar = true)"
    )
    expected = delivered.sql(
        "select user_id, click_article_id, click_timestamp, 'click', session_id, click_deviceGroup, click_os, "
        "click_country, click_region from clicks order by all"
    ).fetchall()
    assert len(expected) == 586, "54 clicks are in both files"
    events = (
        "select u.user_id, i.item_id, e.event_ts, e.event_type, e.session_id, e.device, e.os, e.country, e.region "
        "from clean.events as e join clean.users as u using (user_key) join clean.items as i using (item_key) "
        "order by all"
    )
    assert globo.seen(LAST, events) == expected
    visible = globo.seen(LAST, "select visible_night, count(*) from clean.events group by all order by all")
    assert [night for night, _ in visible] == [FIRST, LAST]
    context = (
        "select e.event_ts, c.session_start, c.session_size, c.environment, c.referrer_type from clean.events as e "
        "join clean.click_context as c on c.landed_id = e.event_id order by all"
    )
    assert (
        globo.seen(LAST, context, "click_context")
        == delivered.sql(
            "select click_timestamp, make_timestamp(session_start::bigint * 1000), session_size::integer, "
            "click_environment, click_referrer_type from clicks order by all"
        ).fetchall()
    )


def test_articles_are_known_from_their_creation(globo):
    globo.write_clean(FIRST)
    early = "select category, publisher_id, words_count, available_from from clean.items where item_id = '{}'"
    assert globo.seen(FIRST, early.format(4243)) == [("1", "0", 225, FIRST)]
    assert globo.seen(FIRST, early.format(0)) == [], "created in December"
    n_clicked = "select count(*) from clean.items semi join clean.events using (item_key) where category is not null"
    assert globo.seen(FIRST, n_clicked) > [(100,)]


def test_seconds_for_milliseconds_and_words_for_times_are_rejected(tmp_path):
    deployment = deploy(tmp_path / "globo", "globo")
    good = "1,s1,1506825423000,2,7,1506826828020,4,3,20,1,20,2\n"
    bad = [good.replace("1506826828020", at) for at in ("1506826828", "soon", "", "1506826828020000")]
    clicks, articles = tmp_path / "clicks_1.csv", tmp_path / "articles_metadata.csv"
    clicks.write_text(CLICK + good + "".join(bad))
    articles.write_text(
        "article_id,category_id,created_at_ts,publisher_id,words_count\n7,1,,0,9\n8,1,soon,0,9\n,1,1506826828020,0,9\n"
    )
    landed = deployment.take(clicks, articles)
    assert [(file.rows_landed, file.rows_rejected) for file in landed] == [(1, 2), (1, 4)]
    assert deployment.rejects() == {
        ("created_at_ts", "not a time in Unix milliseconds"): 1,
        ("item_id", "no item"): 1,
        ("event_ts", "before 1990"): 1,
        ("event_ts", "no time, or none that is an instant to the source"): 2,
        ("event_ts", "after its own arrival"): 1,
    }
    deployment.write_clean(FIRST)
    assert deployment.seen(FIRST, "select item_id, category, words_count from clean.items") == [("7", "1", 9)]
    assert deployment.seen(FIRST, "select event_ts from clean.events") == [(datetime(2017, 10, 1, 3, 0, 28, 20000),)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whole_nights_of_tiny_data(globo):
    globo.build(FIRST, date(2017, 10, 2), LAST)
    clicked = set(globo.rows("features.user_item", FIRST, "user_key, item_key"))
    listed = set(globo.rows("recommendations.lists", FIRST, "user_key, item_key"))
    assert listed
    assert not listed & clicked, "nobody is shown an article twice"
    assert globo.rows("grades.relevant", date(2017, 10, 2)) == [], "a day without clicks"
    texts = {text for (text,) in globo.released("select reason_text from serving.recommendations")}
    assert not [text for text in texts if "took" in text or "taken" in text]
    assert [text for text in texts if text.startswith("popular: clicked by ")]
