"""Templates of sentences by language: read from TOML, held to what each may say, one file over another.

What belongs here: which sentences there are, what may stand in each, and finding what is wrong in a file. How numbers
and ages are written is in `reasons.figures`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_assets.errors import RecsysError
from recsys_assets.wrong_settings import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from recsys_assets.reason_settings import ReasonSettings

    Forms = Mapping[str, str]

FOLDER = Path(__file__).parent
SENTENCES: dict[str, frozenset[str]] = {
    "bought_again": frozenset({"count", "age", "date"}),
    "taken_again": frozenset({"count", "age", "date"}),
    "goes_with": frozenset({"title", "count", "age", "date"}),
    "trending": frozenset({"category", "count"}),
    "trending_shop": frozenset({"count"}),
    "popular": frozenset({"count"}),
    "proposed": frozenset({"algorithm"}),
    "pinned": frozenset(),
    "trending_now": frozenset(),
    "liked": frozenset(),
    "goes_with_liked": frozenset(),
    "below": frozenset(),
}
"""Every sentence, and what may stand in it beside the verbs."""
ABOUT = ("title", "category", "algorithm")
"""Placeholders for text of others, of which a sentence has one at most: it is put in last, as it may hold anything."""
VERBS = ("took", "taken")
_EXACTLY = re.compile(r"=(0|[1-9][0-9]{0,8})")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class TemplatesError(RecsysError):
    """Templates that cannot be used; the message names file, key and placeholder, and says what to do."""


@dataclass(frozen=True)
class Language:
    """The sentences of one language.

    Attributes
    ----------
    name : str
        As BCP 47 has it, such as ``de``.
    numbers, dates : str
        Patterns of CLDR that whole numbers and days are written by.
    age : Mapping[str, str]
        How a number of days is said, by form.
    sentences : Mapping[str, Mapping[str, str]]
        Texts by sentence and form of the count: ``=1`` for exactly one, else a plural form of CLDR (``one``, ``few``,
        ``other``). Placeholders are ``{count}``, ``{age}``, ``{date}``, and ``{about}`` for those of
        `ABOUT`.
    """

    name: str
    numbers: str
    dates: str
    age: Forms
    sentences: Mapping[str, Forms]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """All of it as rows of sentence, form and text, ``numbers``, ``dates`` and ``age`` among them."""
        yield "numbers", "pattern", self.numbers
        yield "dates", "pattern", self.dates
        for sentence, forms in {"age": self.age, **self.sentences}.items():
            for form, text in forms.items():
                yield sentence, form, text

    @classmethod
    def of_rows(cls, name: str, rows: Iterable[tuple[str, str, str]]) -> Language:
        """The language that gave such rows."""
        found: dict[str, dict[str, str]] = {}
        for sentence, form, text in rows:
            found.setdefault(sentence, {})[form] = text
        numbers, dates, age = (found.pop(key) for key in ("numbers", "dates", "age"))
        return cls(name, numbers["pattern"], dates["pattern"], age, found)


def template_files(settings: ReasonSettings, language: str, project: Path) -> list[Path]:
    """Files that say a language's sentences; a later one goes before those ahead of it.

    Raises
    ------
    TemplatesError
        When there is none, or the profile's own is missing.
    """
    ours = FOLDER / f"reasons.{language}.toml"
    files = [ours] if ours.is_file() else []
    if settings.templates:
        own = project / settings.templates.replace("{language}", language)
        if own.is_file():
            files.append(own)
        elif not files:
            raise TemplatesError(
                f"{own}: there is no such file, and {language} has no sentences of ours. Write one (docs/reasons.md)."
            )
    if not files:
        there = ", ".join(sorted(path.name.split(".")[1] for path in FOLDER.glob("reasons.*.toml")))
        raise TemplatesError(
            f"[reasons] languages: there are no sentences in {language!r}; there are {there}. Give a file of your own: "
            "templates, in the same section."
        )
    return files


def language_of(name: str, files: Iterable[Path], event_types: Iterable[str]) -> Language:
    """Read one language.

    Parameters
    ----------
    name
        As BCP 47 has it.
    files
        What `template_files` found.
    event_types
        Types of the events that weigh: where there is one, and a verb for it, sentences use that.

    Raises
    ------
    TemplatesError
        When a file cannot be read, says what no sentence is, leaves one out, or has a placeholder where none may be.
    """
    told: dict[str, Any] = {}
    last = FOLDER
    for last in files:
        for key, value in _checked(last, name).items():
            told[key] = {**told.get(key, {}), **value} if isinstance(value, dict) else value
    for key in ("numbers", "dates", "verbs", "age", "sentences"):
        if key not in told:
            raise TemplatesError(f"{last}: {key} is missing; docs/reasons.md shows a whole file.")
    if missing := [key for key in SENTENCES if key not in told["sentences"]]:
        raise TemplatesError(f"{last}: sentences.{missing[0]} is missing; write it.")
    verbs = _verbs(told["verbs"], list(event_types), last)

    def worded(text: str) -> str:
        for verb, said in verbs.items():
            text = text.replace(f"{{{verb}}}", said)
        for each in ABOUT:
            text = text.replace(f"{{{each}}}", "{about}")
        return text

    sentences = {key: {form: worded(text) for form, text in told["sentences"][key].items()} for key in SENTENCES}
    return Language(name, told["numbers"], told["dates"], told["age"], sentences)


def _verbs(told: Mapping[str, Any], event_types: list[str], file: Path) -> dict[str, str]:
    """What a user did, in both forms of the verb."""
    if wrong := [verb for verb in VERBS if verb not in told]:
        raise TemplatesError(f"{file}: verbs.{wrong[0]} is missing; write it.")
    if len(event_types) == 1:
        of_events: Mapping[str, str] = told.get("of_events", {})
        for pattern in sorted(of_events, key=lambda each: "*" in each):
            if fnmatchcase(event_types[0], pattern):
                return dict.fromkeys(VERBS, of_events[pattern].replace("{type}", event_types[0]))
    return {verb: told[verb] for verb in VERBS}


def _checked(file: Path, language: str) -> dict[str, Any]:
    """What a file says, each sentence as texts by form."""
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise TemplatesError(f"{file}: cannot be read as UTF-8: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise TemplatesError(f"{file}: not valid TOML: {error}.") from error
    forms = _forms_of(language, file)
    known: dict[str, type] = {"numbers": str, "dates": str, "verbs": dict, "age": dict, "sentences": dict}
    for key, value in told.items():
        if key not in known:
            raise TemplatesError(f"{file}: {key}: there is no such key{did_you_mean(key, known)}.")
        if not isinstance(value, known[key]):
            raise TemplatesError(f"{file}: {key}: is to be a {'table' if known[key] is dict else 'text'}.")
    if "age" in told:
        told["age"] = _by_form(file, "age", told["age"], forms, frozenset({"days"}))
    for key, value in told.get("sentences", {}).items():
        if key not in SENTENCES:
            raise TemplatesError(f"{file}: sentences.{key}: there is no such sentence{did_you_mean(key, SENTENCES)}.")
        allowed = SENTENCES[key] | set(VERBS)
        told["sentences"][key] = _by_form(file, f"sentences.{key}", value, forms, allowed)
    _check_verbs(file, told.get("verbs", {}))
    return told


def _check_verbs(file: Path, verbs: Mapping[str, Any]) -> None:
    for key, value in verbs.items():
        of_events = isinstance(value, dict) and key == "of_events"
        if key not in (*VERBS, "of_events") or (not of_events and not isinstance(value, str)):
            raise TemplatesError(f"{file}: verbs.{key}: verbs are took, taken and the table of_events, in texts.")
        for name, text in value.items() if of_events else ((None, value),):
            _check_text(file, f"verbs.{key}" + (f".{name}" if name else ""), text, frozenset({"type"} if name else ()))


def _by_form(file: Path, key: str, value: Any, forms: frozenset[str], allowed: frozenset[str]) -> dict[str, str]:
    """Texts by form: of a text that is the same for every number, ``other``."""
    by_form = value if isinstance(value, dict) else {"other": value}
    for form, text in by_form.items():
        if form not in forms and not _EXACTLY.fullmatch(form):
            raise TemplatesError(
                f"{file}: {key}.{form}: is no form of a number here; there are {', '.join(sorted(forms))}, and =1 for "
                "exactly one."
            )
        _check_text(file, f"{key}.{form}" if isinstance(value, dict) else key, text, allowed)
    if "other" not in by_form:
        raise TemplatesError(f"{file}: {key}.other is missing: it stands for every number that no other form does.")
    return dict(by_form)


def _check_text(file: Path, key: str, text: Any, allowed: frozenset[str]) -> None:
    if not isinstance(text, str) or not text.strip():
        raise TemplatesError(f"{file}: {key}: is to be a text.")
    if any(ord(char) < 32 for char in text):
        raise TemplatesError(f"{file}: {key}: holds a control character; a sentence is one line.")
    for name in _PLACEHOLDER.findall(text):
        if name not in allowed:
            may = ", ".join(f"{{{each}}}" for each in sorted(allowed)) or "none"
            raise TemplatesError(
                f"{file}: {key}: {{{name}}} cannot stand here{did_you_mean(name, allowed)}; what can: {may}."
            )
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        raise TemplatesError(f"{file}: {key}: has a brace that opens or closes no placeholder.")


def _forms_of(language: str, file: Path) -> frozenset[str]:
    """Plural forms that a language has."""
    from babel import Locale, UnknownLocaleError

    try:
        return frozenset(Locale.parse(language, sep="-").plural_form.tags) | {"other"}
    except (ValueError, UnknownLocaleError) as error:
        raise TemplatesError(f"{file}: {language!r} is no language that CLDR knows ({error}).") from error
