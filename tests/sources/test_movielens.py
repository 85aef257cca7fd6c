"""MovieLens in both of its layouts: films, years, genres, tags in their time, and ratings that are likes or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from recsys_assets.nights import cutoff
from tests.sources.deployment import Deployment, deploy

FIRST = date(2017, 12, 2)
MOVIES = """movieId,title,genres
1,Toy Story (1995),Adventure|Animation|Children|Comedy|Fantasy
2,"Matrix, The (1999)",Action|Sci-Fi|Thriller
3,"City of Lost Children, The (Cité des enfants perdus, La) (1995)",Adventure
4,Babylon 5,Sci-Fi
5,Death Note: Desu nôto (2006–2007),(no genres listed)
6,2001: A Space Odyssey (1968) ,Sci-Fi
7,"Synecdoche, New York (2008)",Drama
8,Never Rated (2000),Drama
"""


def second(number: int, hour: int = 12) -> int:
    """Unix seconds of an hour of a day of December 2017."""
    return int(datetime(2017, 12, number, hour, tzinfo=UTC).timestamp())


def lines(header: str, *rows: tuple) -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def ratings(*rows: tuple) -> str:
    return lines("userId,movieId,rating,timestamp", *rows)


def tags(*rows: tuple) -> str:
    return lines("userId,movieId,tag,timestamp", *rows)


@pytest.fixture
def movielens(tmp_path) -> Deployment:
    return deploy(tmp_path / "movielens", "movielens")


@pytest.fixture
def write(tmp_path):
    def write(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_titles_years_and_genres(movielens, write):
    rated = [(1, movie, 4.0, second(1)) for movie in range(1, 8)]
    files = [
        write("ratings.csv", ratings(*rated)),
        write("movies.csv", MOVIES),
        write("tags.csv", tags((1, 1, "a", 1))),
    ]
    assert [file.raw_table for file in movielens.take(*files)] == ["tags", "movies", "ratings"]
    movielens.write_clean(FIRST)
    films = "select item_id, title, year, category, genres from clean.items order by item_id"
    assert movielens.seen(FIRST, films) == [
        ("1", "Toy Story", 1995, "Adventure", ["Adventure", "Animation", "Children", "Comedy", "Fantasy"]),
        ("2", "The Matrix", 1999, "Action", ["Action", "Sci-Fi", "Thriller"]),
        ("3", "The City of Lost Children (Cité des enfants perdus, La)", 1995, "Adventure", ["Adventure"]),
        ("4", "Babylon 5", None, "Sci-Fi", ["Sci-Fi"]),
        ("5", "Death Note: Desu nôto", 2006, None, None),
        ("6", "2001: A Space Odyssey", 1968, "Sci-Fi", ["Sci-Fi"]),
        ("7", "Synecdoche, New York", 2008, "Drama", ["Drama"]),
    ]


def test_ratings_from_4_are_likes_and_wrong_ones_are_rejected(movielens, write):
    good = [(1, 1, 4.0, second(1)), (1, 2, 3.5, second(1)), (2, 1, 5, second(2, 23)), (2, 2, 0.5, second(3, 0))]
    bad = [(3, 1, 5.5, second(1)), (3, 1, 0, second(1)), (3, 1, "x", second(1)), (3, 1, "", second(1))]
    bad += [(3, 1, 4.0, "x"), (3, 1, 4.0, second(1) * 1000), ("", 1, 4.0, second(1)), (3, "", 4.0, second(1))]
    files = [write("tags.csv", tags((1, 1, "fun", second(1)))), write("movies.csv", MOVIES)]
    landed = movielens.take(*files, write("ratings.csv", ratings(*good, *bad)))[-1]
    assert (landed.rows_landed, landed.rows_rejected) == (4, 8)
    assert movielens.rejects() == {
        ("rating", "not a rating from 0.5 to 5"): 4,
        ("event_ts", "no time, or none that is an instant to the source"): 1,
        ("event_ts", "after its own arrival"): 1,
        ("user_id", "no user"): 1,
        ("item_id", "no item"): 1,
    }
    movielens.write_clean(date(2017, 12, 3))
    events = (
        "select user_id, item_id, event_type, rating, event_ts, weight, i.visible_night from clean.interactions as i "
        "join clean.users using (user_key) join clean.items using (item_key) order by event_ts, item_id"
    )
    assert movielens.seen(date(2017, 12, 3), events) == [
        ("1", "1", "liked", 4.0, datetime(2017, 12, 1, 12), 1.0, FIRST),
        ("1", "2", "rated", 3.5, datetime(2017, 12, 1, 12), 0.0, FIRST),
        ("2", "1", "liked", 5.0, datetime(2017, 12, 2, 23), 1.0, FIRST),
        ("2", "2", "rated", 0.5, datetime(2017, 12, 3), 0.0, date(2017, 12, 3)),
    ]


def test_a_tag_makes_a_version_on_its_night_and_never_earlier(movielens, write):
    given = [
        (9, 1, "Pixar", second(5)),
        (9, 1, "fun ", second(1)),
        (8, 1, "PIXAR", second(7)),
        (8, 1, "awe", second(9)),
    ]
    bad = [(9, 1, "when?", "x"), (9, 1, "  ", second(1))]
    seen = [(1, 1, 4.0, second(1)), (1, 2, 4.0, second(4))]
    files = [write("movies.csv", MOVIES), write("tags.csv", tags(*given, (7, 2, "early", second(1)), *bad))]
    movielens.take(*files, write("ratings.csv", ratings(*seen)))
    assert movielens.rejects() == {("timestamp", "not a time in Unix seconds"): 1, ("tag", "no tag"): 1}
    movielens.write_clean(date(2017, 12, 10))
    late = write("tags_late.csv", tags((6, 1, "late", second(3))))
    movielens.take(late, kind="arrival", arrived_at=datetime(2017, 12, 12, 12))
    movielens.write_clean(date(2017, 12, 13))
    versions = (
        "select item_id, day(v.visible_night), v.tags from clean.item_versions as v join clean.items using (item_key) "
        "order by item_id, v.visible_night"
    )
    expected = [
        ("1", 2, ["fun"]),
        ("1", 5, ["fun", "pixar"]),
        ("1", 9, ["awe", "fun", "pixar"]),
        ("1", 12, ["awe", "fun", "late", "pixar"]),
        ("2", 4, ["early"]),
    ]
    assert movielens.seen(date(2017, 12, 13), versions) == expected
    for number in range(2, 14):
        visible = {item: item_tags for item, day, item_tags in expected if day <= number}
        night = date(2017, 12, number)
        assert dict(movielens.seen(night, "select item_id, tags from clean.items")) == visible
        n_tags = sum(day <= number for day in (1, 1, 5, 7, 9, 12))
        assert movielens.seen(night, "select count(*) from clean.tags", "tags") == [(n_tags,)]
    late_tag = "select user_id, item_id, tag, known_from, known_at from clean.tags where tag = 'late'"
    assert movielens.seen(date(2017, 12, 12), late_tag, "tags") == [
        ("6", "1", "late", datetime(2017, 12, 3, 12), datetime(2017, 12, 12, 12))
    ]


# From here on the real files are read.


@dataclass(frozen=True)
class Truth:
    """The delivered files, read without this project."""

    con: duckdb.DuckDBPyConnection

    def rows(self, query: str, *values: object) -> list[tuple]:
        return self.con.execute(query, list(values)).fetchall()


@pytest.fixture(scope="module")
def real(shared_data) -> Iterator[Truth]:
    con = duckdb.connect()
    folder = shared_data / "movielens_latest_small"
    for name in ("ratings", "tags"):
        con.execute(
            f"create table {name} as select * replace (userId::varchar as userId, movieId::varchar as movieId), "
            f"epoch_ms(timestamp * 1000) as given_at from read_csv('{folder / name}.csv')"
        )
    yield Truth(con)
    con.close()


@pytest.fixture
def small(tmp_path, shared_data) -> Deployment:
    """The real files, landed, with nights ten days apart."""
    settings = {"first_night": "2018-05-01", "last_night": "2018-05-31", "demo_nights": "[]", "horizon": "10"}
    deployment = deploy(tmp_path / "small", "movielens", **settings)
    folder = shared_data / "movielens_latest_small"
    landed = deployment.take(*(folder / f"{name}.csv" for name in ("ratings", "movies", "tags")))
    counts = {file.raw_table: (file.rows_landed, file.rows_rejected) for file in landed}
    assert counts == {"tags": (3683, 0), "movies": (9742, 0), "ratings": (100836, 0)}
    return deployment


def test_every_night_sees_the_ratings_and_tags_given_before_its_cutoff(small, real):
    small.write_clean(date(2018, 5, 4))
    for number in (1, 4):
        night = date(2018, 5, number)
        expected = real.rows(
            "select count(*), count(*) filter (where rating >= 4), count(distinct userId), count(distinct movieId) "
            "from ratings where given_at < $1",
            cutoff(night),
        )
        counts = "select count(*), sum(weight)::int, count(distinct user_key), count(distinct item_key)"
        assert small.seen(night, f"{counts} from clean.interactions") == expected
        tagged = real.rows(
            "select movieId, list(distinct lower(trim(tag)) order by lower(trim(tag))) from tags "
            "semi join (from ratings where given_at < $1) as rated using (movieId) where given_at < $1 "
            "group by 1 order by all",
            cutoff(night),
        )
        assert small.seen(night, "select item_id, tags from clean.items where tags is not null order by all") == tagged
    assert small.seen(
        night, "select count(*) from clean.items where title is null or title similar to '.*[)0-9]{4}[)]'"
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nights_recommend_nothing_rated_and_grade_likes(small, real):
    first, second_night = date(2018, 5, 1), date(2018, 5, 11)
    small.build(first, second_night)
    (ids,) = [small.seen(second_night, "select user_key, user_id from clean.users")]
    users, items = dict(ids), dict(small.seen(second_night, "select item_key, item_id from clean.items"))
    for night in (first, second_night):
        rated = set(real.rows("select userId, movieId from ratings where given_at < $1", cutoff(night)))
        tables = ["recommendations.lists", *(f"candidates.{name}" for name in ("popularity", "item_knn", "als"))]
        for table in tables:
            listed = {(users[user], items[item]) for user, item in small.rows(table, night, "user_key, item_key")}
            assert listed
            assert not listed & rated, table
    expected = real.rows(
        "select distinct userId, movieId from ratings where rating >= 4 and given_at >= $1 and given_at < $2 "
        "and (userId, movieId) not in (select (userId, movieId) from ratings where given_at < $1) order by all",
        cutoff(first),
        cutoff(second_night),
    )
    relevant = small.rows("grades.relevant", second_night, "user_key, item_key")
    assert sorted((users[user], items[item]) for user, item in relevant) == expected
    liked = real.rows(
        "select movieId, count(distinct userId) from ratings where rating >= 4 and given_at < $1 group by 1",
        cutoff(second_night),
    )
    counts = dict(small.rows("features.item", second_night, "item_key, n_buyers"))
    assert {items[item]: n for item, n in counts.items() if n} == dict(liked)
    texts = {text for (text,) in small.released("select reason_text from serving.recommendations")}
    assert "goes with The Matrix, which you liked" in texts
    assert not [text for text in texts if "took" in text or "taken" in text or "bought" in text]


# From here on it is ml-100k, an older data set in other files.

FILMS = [
    "1|Toy Story (1995)|01-Jan-1995||http://us.imdb.com/M/title-exact?Toy%20Story%20(1995)|0|0|0|1|1|1" + "|0" * 13,
    "127|Godfather, The (1972)|01-Jan-1972||http://us.imdb.com/x|0|1|0|0|0|0|1|0|1" + "|0" * 10,
    "267|unknown||||1" + "|0" * 18,
    "1682|Cérémonie, La (1995)|01-Jan-1995||http://us.imdb.com/y|0|0|0|0|0|0|0|0|1" + "|0" * 10,
    "1413|Street Fighter (1994) (V)|01-Jan-1994||http://us.imdb.com/z|0|1" + "|0" * 17,
]
PEOPLE = "1|24|M|technician|85711\n2|53|F|other|T8H1N\n"
RATED = "1\t1\t5\t{0}\n1\t267\t3\t{0}\n2\t127\t4\t{0}\n2\t1682\t4\t{0}\n2\t1413\t1\t{0}\n2\t1\t6\t{0}\n2\t1\n"


def test_ml_100k_in_latin_1_without_headers(tmp_path, write):
    deployment = deploy(tmp_path / "ml-100k", "movielens_100k")
    at = datetime(1997, 12, 4, 15, 55, 49, tzinfo=UTC)
    files = [
        write("u.data", RATED.format(int(at.timestamp()))),
        write("u.item", "\n".join(FILMS).encode("latin-1")),
        write("u.user", PEOPLE),
    ]
    landed = {file.raw_table: (file.rows_landed, file.rows_rejected) for file in deployment.take(*files)}
    assert landed == {"films": (5, 0), "users": (2, 0), "ratings": (5, 2)}
    assert ("rating", "not a rating from 1 to 5") in deployment.rejects()
    night = date(1998, 1, 31)
    deployment.write_clean(night)
    films = "select item_id, title, year, category, genres from clean.items order by item_id::integer"
    assert deployment.seen(night, films) == [
        ("1", "Toy Story", 1995, "Animation", ["Animation", "Children's", "Comedy"]),
        ("127", "The Godfather", 1972, "Action", ["Action", "Crime", "Drama"]),
        ("267", "unknown", None, None, None),
        ("1413", "Street Fighter", 1994, "Action", ["Action"]),
        ("1682", "La Cérémonie", 1995, "Drama", ["Drama"]),
    ]
    people = "select user_id, age, gender, occupation, zip from clean.users order by user_id"
    assert deployment.seen(night, people) == [("1", 24, "M", "technician", "85711"), ("2", 53, "F", "other", "T8H1N")]
    events = "select distinct event_ts, event_type, weight, rating from clean.interactions order by rating"
    instant = at.replace(tzinfo=None)
    assert deployment.seen(night, events) == [
        (instant, "rated", 0.0, 1.0),
        (instant, "rated", 0.0, 3.0),
        (instant, "liked", 1.0, 4.0),
        (instant, "liked", 1.0, 5.0),
    ]
