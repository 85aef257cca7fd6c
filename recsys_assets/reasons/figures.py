"""Numbers, ages and days as a language writes them, and which form of a sentence a number takes; by CLDR, with babel.

Source: Unicode CLDR, plural rules (https://cldr.unicode.org/index/cldr-spec/plural-rules).
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    import pyarrow as pa
    from babel import Locale

    from recsys_assets.reasons.templates import Language


class Kept(dict[int, Any]):
    """What a function gave for each number that it was asked for: babel takes some 20 µs for one."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, number: int) -> Any:
        value = self[number] = self._make(number)
        return value


class Figures:
    """Figures of one language, each put into words once.

    Parameters
    ----------
    language : Language
        Whose.
    night : date
        Night whose cutoff ages count back from.
    """

    def __init__(self, language: Language, night: date) -> None:
        self._language, self._night = language, night
        self.numbers, self.forms = Kept(self._number), Kept(self._form)
        self.ages, self.days = Kept(self._age), Kept(self._day)

    @cached_property
    def _locale(self) -> Locale:
        from babel import Locale

        return Locale.parse(self._language.name, sep="-")

    def _number(self, number: int) -> str:
        from babel.numbers import format_decimal

        return format_decimal(number, self._language.numbers, self._locale)

    def _form(self, number: int) -> str:
        return str(self._locale.plural_form(number))

    def _age(self, days: int) -> str:
        """How long ago a number of whole days is."""
        text = chosen(self._language.age, days, self.forms[days])
        return text.replace("{days}", self.numbers[days])

    def _day(self, before: int) -> str:
        """Day so many before the night."""
        from babel.dates import format_date

        try:
            day = self._night - timedelta(days=before)
        except OverflowError:  # A count, which is no number of days.
            return ""
        return format_date(day, self._language.dates, self._locale)


def chosen(forms: dict[str, str] | Any, number: int, form: str) -> str:
    """The text for a number: that for exactly it, else that for its form, else the one for all others."""
    text: str = forms.get(f"={number}") or forms.get(form) or forms["other"]
    return text


def figure_rows(language: Language, night: date, numbers: Iterable[int]) -> pa.Table:
    """Rows of `number`, `form`, `text`, `age` and `day`, for SQL that puts sentences together."""
    import pyarrow as pa

    figures, asked = Figures(language, night), list(numbers)
    return pa.table(
        {
            "number": pa.array(asked, pa.int64()),
            **{
                name: pa.array([kept[number] for number in asked], pa.string())
                for name, kept in (
                    ("form", figures.forms),
                    ("text", figures.numbers),
                    ("age", figures.ages),
                    ("day", figures.days),
                )
            },
        }
    )


def sentence_rows(language: Language) -> pa.Table:
    """Rows of `template`, `form` and `text`: each sentence in every form that a number may ask for."""
    import pyarrow as pa
    from babel import Locale

    tags = {*Locale.parse(language.name, sep="-").plural_form.tags, "other"}
    rows = [
        {"template": name, "form": form, "text": forms.get(form) or forms["other"]}
        for name, forms in language.sentences.items()
        for form in sorted({*tags, *forms})
    ]
    return pa.Table.from_pylist(rows, pa.schema({name: pa.string() for name in ("template", "form", "text")}))
