"""Answers in the language that a client would rather have, put together to the letter as the tables would say it."""

from itertools import product
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.profile import PROJECT
from recsys_assets.reason_settings import ReasonSettings
from recsys_assets.reasons.figures import figure_rows, sentence_rows
from recsys_assets.reasons.languages import template_rows
from recsys_assets.reasons.templates import language_of, template_files
from recsys_assets.storage.release.releases import Releases
from recsys_serving.reasons import accepted
from tests.serving.small import MACROS, NIGHT, serving, tables

OWN = """
[sentences]
proposed = 'bei {algorithm} "ganz" {took}'
taken_again = "am {date}: {count}, {age}"
"""
TITLES = ("a", "{count}", "{age} {about}", "\x02", "\x04 \x06", '"', "\\", "</b>", "☕ 🙂", "", None)
FIGURES = ((1, 0.5), (1, 1.0), (2, 1.5), (1234, 2.999), (12, 2.001), (3, 999.99999), (None, None))
TEMPLATES = ("bought_again", "taken_again", "goes_with", "trending", "trending_shop", "popular", "proposed")


def languages(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(OWN)
    files = {name: template_files(ReasonSettings(), name, PROJECT) for name in ("en", "de")}
    return [language_of("en", files["en"], ["play"]), language_of("de", [*files["de"], own], ["purchase"])]


def worded(language, rows):
    """Texts of rows as ``sql/recommendations/lists.sql`` words them: its own last SELECT, over rows of the test."""
    text = (PROJECT / "sql" / "recommendations" / "lists.sql").read_text()
    start = text.index("    replace(\n        replace(\n            replace(")
    end = text.index(" as reason_text,")
    joins = text[text.index("left join made.figures as counts") : text.index("cross join this.night as night\norder")]
    con = duckdb.connect()
    con.execute("create schema made")
    numbers = {
        int(n) for row in rows for n in (row["evidence_count"], row["whole_days"], row["days_before"]) if n is not None
    }
    for name, made in (
        ("figures", figure_rows(language, NIGHT, sorted(numbers))),
        ("templates", sentence_rows(language)),
    ):
        con.register("given", made)
        con.execute(f"create table made.{name} as from given")
    schema = pa.schema(
        {"place": pa.int32(), "reason_template": pa.string(), "reason_about": pa.string(), "took_title": pa.string()}
        | {name: pa.int64() for name in ("evidence_count", "whole_days", "days_before")}
    )
    con.register("worded", pa.Table.from_pylist([{**row, "place": n} for n, row in enumerate(rows)], schema=schema))
    query = f"select {text[start:end]} from worded {joins} order by worded.place"
    return [said for (said,) in con.execute(query).fetchall()]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A server of a list of one row for each sentence, title and figures, and their texts by user and language."""
    folder, given = tmp_path_factory.mktemp("languages") / "shop", tables()
    both = languages(tmp_path_factory.mktemp("own"))
    ids = [f'{n} ","title":"\\' for n in range(len(TITLES))]
    item, row, rows, asked = (
        given["serving.items"].to_pylist()[0],
        given["serving.recommendations"].to_pylist()[0],
        [],
        [],
    )
    given["serving.items"] = pa.Table.from_pylist(
        [item | {"item_id": each, "title": title} for each, title in zip(ids, TITLES, strict=True)],
        schema=given["serving.items"].schema,
    ).sort_by("item_id")
    for place, (template, (each, title), (n, days)) in enumerate(
        product(TEMPLATES, zip(ids, TITLES, strict=True), FIGURES)
    ):
        about = (title or "c") if template in ("trending", "proposed") else None
        shown = {"reason_template": template, "reason_about": about, "evidence_count": n}
        asked.append(
            shown
            | {"took_title": (title if title is not None else each) if template == "goes_with" else None}
            | {"whole_days": None if days is None else int(days)}
            | {"days_before": None if days is None else max(-int(-days // 1), 1) - 1}
        )
        rows.append(
            row
            | shown
            | {"user_id": f"user {place:04}", "item_id": each, "task": "next", "rank": 1, "score": 1.0}
            | {"evidence_item_id": each, "evidence_days": days, "reason_algorithm": None}
        )
    texts = [worded(language, asked) for language in both]
    for each, text in zip(rows, texts[0], strict=True):
        each["reason_text"] = text
    schema = given["serving.recommendations"].schema
    given["serving.recommendations"] = pa.Table.from_pylist(rows, schema=schema)
    given["meta.reason_templates"] = template_rows(both)
    user = given["serving.users"].to_pylist()[0]
    given["serving.users"] = pa.Table.from_pylist([user | {"user_id": each["user_id"]} for each in rows])
    for table in ("serving.deeper_lists", "serving.similar_items", "serving.contexts"):
        given[table] = given[table].slice(0, 0)
    given["serving.trending"] = given["serving.trending"].filter(pa.array([False] * given["serving.trending"].num_rows))
    releases = Releases(folder)
    releases.build(NIGHT, "a", given, MACROS)
    releases.publish(NIGHT, "a")
    with serving(folder) as ask:
        yield ask, {each["user_id"]: list(both) for each, *both in zip(rows, *texts, strict=True)}


def test_every_language_is_told_to_the_letter(told):
    ask, texts = told
    for user, both in texts.items():
        answers = [
            ask(f"/v1/users/{user.replace(' ', '%20')}/recommendations?language={name}") for name in ("en", "de")
        ]
        assert [answer.json()["items"][0]["reason_text"] for answer in answers] == both, user
        assert [answer.headers["content-language"] for answer in answers] == ["en", "de"]


def test_sentences_are_as_one_would_say_them(told):
    said = {text for both in told[1].values() for text in both}
    assert {
        "bought once, less than 1 day ago",
        "einmal gekauft, vor 1 Tag",
        "1.234-mal gekauft, zuletzt vor 2 Tagen",
    } <= said
    # The exact instant a day back is of the night itself; 2.001 days back is two days before it.
    assert {
        "am 31. Oktober 2017: 1, 1 Tag",
        "am 29. Oktober 2017: 12, 2 Tagen",
        "am 30. Oktober 2017: 2, 1 Tag",
    } <= said
    assert {
        "popular: played by 1 person",
        "beliebt: von 1 Person gekauft",
        "passt zu {count}, von Ihnen gekauft",
    } <= said


def test_the_client_chooses(told):
    ask, texts = told
    (user, both), *_ = texts.items()
    path = f"/v1/users/{user.replace(' ', '%20')}/recommendations"

    def text(path, body=None, **headers):
        answer = ask(path, body, **headers)
        found = answer.json()
        return found["items"][0]["reason_text"], answer.headers["content-language"], answer.headers.get("etag")

    english, german = text(path), text(path, **{"accept-language": "de-AT, en;q=0.5"})
    assert (english[:2], german[:2]) == ((both[0], "en"), (both[1], "de"))
    # A copy in one language is no answer to who asks for another.
    assert english[2] != german[2]
    assert ask(path, **{"if-none-match": english[2], "accept-language": "de"}).status == 200
    assert ask(path, **{"if-none-match": german[2], "accept-language": "de"}).status == 304
    assert "accept-language" in ask(path).headers["vary"]
    assert text(f"{path}?language=en", **{"accept-language": "de"})[0] == both[0]
    assert text("/v1/recommendations?language=de", {"user": user})[0] == both[1]
    wrong = ask(f"{path}?language=fr")
    assert (wrong.status, wrong.json()["errors"][0]["field"]) == (422, "language")
    assert "en, de" in wrong.json()["detail"]
    unknown = ask("/v1/recommendations?language=de", {"user": "nobody"}).json()
    assert unknown["known"] is False


def test_an_explanation_is_in_the_language_too(told):
    ask, texts = told
    (user, both), *_ = texts.items()
    (item,) = ask("/v1/recommendations", {"user": user}).json()["items"]
    path = f"/v1/explain/{quote(user, safe='')}/{quote(item['item_id'], safe='')}"
    assert [ask(f"{path}?language={name}").json()["listings"][0]["reason_text"] for name in ("en", "de")] == both


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ("de", 1), ("DE-ch", 1), ("en, de;q=0.9", 0), ("fr, de;q=0.2", 1), ("de;q=0, en", 0), ("de;q=x", 0), ("", 0),
        ("*", 0), ("fr", 0), ("de;q=0.5, en;q=0.4", 1), ("pt", 2), ("pt-PT", 0), (";;,,=", 0), ("de;q=nan", 0),
    ],
)  # fmt: skip
def test_accept_language(header, place):
    assert accepted(header.encode(), ("en", "de", "pt-BR")) == place
