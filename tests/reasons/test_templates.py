"""Templates of sentences: what ours say, what another file changes, and how what is wrong in one is told."""

import re
from datetime import date

import pytest

from recsys_assets.profile import PROJECT
from recsys_assets.reason_settings import ReasonSettings
from recsys_assets.reasons.figures import Figures, figure_rows, sentence_rows
from recsys_assets.reasons.templates import (
    FOLDER,
    SENTENCES,
    Language,
    TemplatesError,
    language_of,
    template_files,
)

OURS = sorted(path.name.split(".")[1] for path in FOLDER.glob("reasons.*.toml"))
NIGHT = date(2017, 10, 31)


def read(name, *files, types=("purchase",)):
    return language_of(name, [*template_files(ReasonSettings(), name, PROJECT), *files], types)


@pytest.fixture
def written(tmp_path):
    def write(text, name="own.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


@pytest.mark.parametrize("name", OURS)
def test_ours_say_every_sentence_in_every_form(name):
    language = read(name)
    assert set(language.sentences) == set(SENTENCES)
    rows = sentence_rows(language).to_pylist()
    assert {row["form"] for row in rows} >= {"one", "other"}
    assert not [row for row in rows if not row["text"].strip() or "took}" in row["text"] or "taken}" in row["text"]]
    assert Language.of_rows(name, language.rows()) == language


@pytest.mark.parametrize(
    ("types", "english", "german"),
    [
        (["play"], "played", "gespielt"),
        (["liked"], "liked", "mit „gefällt mir“ bewertet"),
        (["hummed"], "hummed", "genommen"),
        (["purchase"], "taken", "gekauft"),
        (["play", "liked"], "taken", "genommen"),
    ],
)
def test_verbs_are_of_the_one_type_that_weighs(types, english, german):
    texts = [read(name, types=types).sentences["popular"]["other"] for name in ("en", "de")]
    assert texts == [f"popular: {english} by {{count}} people", f"beliebt: von {{count}} Personen {german}"]


def test_numbers_ages_and_days_are_written_as_the_language_has_them():
    english, german = (Figures(read(name), NIGHT) for name in ("en", "de"))
    assert [english.numbers[1234], german.numbers[1234], german.numbers[1_234_567]] == ["1234", "1.234", "1.234.567"]
    assert [english.ages[days] for days in (0, 1, 2)] == ["less than 1 day", "1 day", "2 days"]
    assert [german.ages[days] for days in (0, 1, 1000)] == ["weniger als 1 Tag", "1 Tag", "1.000 Tagen"]
    assert (english.days[0], german.days[30]) == ("31 October 2017", "1. Oktober 2017")
    assert english.days[10**7] == ""
    assert figure_rows(read("de"), NIGHT, [1, 2]).to_pylist() == [
        {"number": 1, "form": "one", "text": "1", "age": "1 Tag", "day": "30. Oktober 2017"},
        {"number": 2, "form": "other", "text": "2", "age": "2 Tagen", "day": "29. Oktober 2017"},
    ]
    assert figure_rows(read("de"), NIGHT, []).num_rows == 0


def test_a_language_of_three_forms(written):
    whole = (FOLDER / "reasons.en.toml").read_text()
    popular = {"one": "osoba", "few": "osoby", "many": "osób", "other": "osoby"}
    lines = [f'{form} = "{{count}} {word}"' for form, word in popular.items()]
    file = written("\n".join([whole[: whole.index("[sentences.popular]")], "[sentences.popular]", *lines]))
    polish = language_of("pl", [file], ["purchase"])
    figures, forms = Figures(polish, NIGHT), polish.sentences["popular"]
    said = [forms[figures.forms[n]].replace("{count}", figures.numbers[n]) for n in (1, 3, 5, 12, 22)]
    assert said == ["1 osoba", "3 osoby", "5 osób", "12 osób", "22 osoby"]


def test_a_profile_changes_one_sentence_and_keeps_the_others(written):
    own = written('[sentences]\ngoes_with = "{title}: bought on {date}"\n')
    language = read("en", own)
    assert language.sentences["goes_with"] == {"other": "{about}: bought on {date}"}
    assert language.sentences["popular"] == read("en").sentences["popular"]


WRONG = [
    (
        '[sentences]\ngoes_with = "with {titel}"',
        r"sentences.goes_with: {titel} cannot stand here; did you mean title\?",
    ),
    ('[sentences]\npopular = "of {title}"', r"sentences.popular: {title} cannot stand here; what can: {count}"),
    ('[sentences]\ngose_with = "x"', r"sentences.gose_with: there is no such sentence; did you mean goes_with\?"),
    (
        '[sentences.popular]\nfew = "x"\nother = "y"',
        "sentences.popular.few: is no form of a number here; there are one, other",
    ),
    ('[sentences.popular]\none = "x"', "sentences.popular.other is missing"),
    ('[sentences]\npopular = "a } b"', "sentences.popular: has a brace"),
    ('[sentences]\npopular = "a\\u0003b"', "sentences.popular: holds a control character"),
    ("[sentences]\npopular = 3", "sentences.popular: is to be a text"),
    ('[sentences]\npopular = " "', "sentences.popular: is to be a text"),
    ('[age]\nother = "{count}"', "age.other: {count} cannot stand here; what can: {days}"),
    ('[verbs]\ntook = "{type}"', "verbs.took: {type} cannot stand here; what can: none"),
    ('[verbs]\ntuck = "x"', "verbs.tuck: verbs are took, taken"),
    ('sentence = "x"', r"sentence: there is no such key; did you mean sentences\?"),
    ("numbers = 1", "numbers: is to be a text"),
    ("=", "not valid TOML"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_told_with_file_key_and_placeholder(written, text, said):
    file = written(text)
    with pytest.raises(TemplatesError, match=rf"^{re.escape(str(file))}: {said}"):
        read("en", file)


def test_a_language_without_files_or_with_too_little_is_refused(written, tmp_path):
    with pytest.raises(TemplatesError, match=r"no sentences in 'fr'; there are de, en"):
        template_files(ReasonSettings(languages=["fr"]), "fr", PROJECT)
    settings = ReasonSettings(languages=["fr"], templates=f"{tmp_path}/x.{{language}}.toml")
    with pytest.raises(TemplatesError, match=r"x.fr.toml: there is no such file"):
        template_files(settings, "fr", PROJECT)
    file = written('numbers = "0"', "x.fr.toml")
    with pytest.raises(TemplatesError, match=r"x.fr.toml: dates is missing"):
        language_of("fr", template_files(settings, "fr", PROJECT), ["purchase"])
    with pytest.raises(TemplatesError, match=r"'xx' is no language that CLDR knows"):
        language_of("xx", [file], ["purchase"])
