"""Reasons in words, in each language of a release: put together at every answer, out of what is worked out once.

What belongs here: the sentences of one language as bytes of JSON with marks for figures, and the languages that a
release has. What they say is `recsys_assets.reasons`; tables have the first language's in `reason_text`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from recsys_assets.reasons.figures import Figures, Kept
from recsys_assets.reasons.templates import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    _Prepared = tuple[dict[int, bytes], dict[str, bytes], int, int]
    _Counted = tuple[bytes, int, int, bool]

TITLE, COUNT, AGE, DAY = b"\x02", b"\x03", b"\x04", b"\x06"
"""Marks for what the row of a list says: nothing else in JSON holds them."""
TRENDING, BELOW, LIKED, GOES_WITH = -1, -2, -3, -4
"""In place of a reason of the night: trending, below the list, of a category they named, like an item they named."""
OF_EARLIER = {
    TRENDING: b'"reason":"trending","reason_algorithm":null,"reason_text":"trending now"',
    BELOW: b'"reason":"below","reason_algorithm":null,"reason_text":"from below the published list"',
    LIKED: b'"reason":"liked","reason_algorithm":null,"reason_text":"trending in a category you like"',
    GOES_WITH: b'"reason":"goes_with","reason_algorithm":null,"reason_text":"goes with what you like"',
}
"""The same, of a release of an earlier version, which has no sentences."""
GENERIC = ((b"trending", "trending_now"), (b"below", "below"), (b"liked", "liked"), (b"goes_with", "goes_with_liked"))
"""The same with their sentences, in the order of these numbers."""
_MARKS = {"{count}": COUNT, "{age}": AGE, "{date}": DAY}


class Words:
    """The reasons of a release in one language.

    Parameters
    ----------
    told : bytes
        The language, an entry of the array ``languages``.
    reasons : Sequence[tuple[bytes, bytes]]
        Of each reason its members in JSON, and how it is put into words: an entry of ``reason_words``.
    night : date
        The release's.
    """

    def __init__(self, told: bytes, reasons: Sequence[tuple[bytes, bytes]], night: date) -> None:
        name, rows = json.loads(told)
        self.language = Language.of_rows(name, rows)
        self.name: str = name
        figures = self._figures = Figures(self.language, night)
        self._ages, self._days = (
            Kept(lambda days: _json(figures.ages[days])),
            Kept(lambda day: _json(figures.days[day])),
        )
        self._reasons = [self._prepared(head, *json.loads(words)) if words else None for head, words in reasons]
        self._counted: dict[tuple[int, int], _Counted] = {}
        self.generic = tuple(
            b'"reason":"%b","reason_algorithm":null,"reason_text":"%b"'
            % (reason, _json(self.language.sentences[sentence]["other"]))
            for reason, sentence in GENERIC
        )
        """The reasons of `GENERIC`."""

    def _prepared(self, head: bytes, sentence: str, less: int, more: int, about: str) -> _Prepared:
        """One reason: its texts by exact number and by plural form, and both corrections of its days."""
        exactly: dict[int, bytes] = {}
        by_form: dict[str, bytes] = {}
        for form, text in self.language.sentences[sentence].items():
            before, mark, after = (_json(part) for part in text.partition("{about}"))
            filled = (_json(about) if about else TITLE) if mark else b""
            said = b'%b,"reason_text":"%b%b%b"' % (head, _marked(before), filled, _marked(after))
            if form.startswith("="):
                exactly[int(form[1:])] = said
            else:
                by_form[form] = said
        return exactly, by_form, less, more

    def of(self, reason: int, evidence: int, n: int, days: int, title: Callable[[int], bytes]) -> bytes | None:
        """What an answer says of a reason, as members of a JSON object; None: its text alone tells it.

        Parameters
        ----------
        reason
            Its place.
        evidence, n, days
            As a row of the lists has them: -1 where nothing is said; days are hundredths.
        title
            Gives the title of an item in JSON, without its quotes.
        """
        counted = self._counted.get((reason, n)) or self._count(reason, n)
        if counted is None:
            return None
        said, less, more, is_whole = counted
        if is_whole:
            return said
        if AGE in said:
            said = said.replace(AGE, self._ages[days // 100 - less] if days >= 0 else b"")
        if DAY in said:
            said = said.replace(DAY, self._days[max(-(-days // 100), 1) - 1 + more] if days >= 0 else b"")
        return said.replace(TITLE, title(evidence)) if TITLE in said else said  # Last, as a title may hold anything.

    def _count(self, reason: int, n: int) -> _Counted | None:
        """A reason with its count, kept, as there are few of them."""
        prepared = self._reasons[reason]
        if prepared is None:
            return None
        exactly, by_form, less, more = prepared
        said = exactly.get(n) or (by_form.get(self._figures.forms[n]) if n >= 0 else None) or by_form["other"]
        said = said.replace(COUNT, _json(self._figures.numbers[n]) if n >= 0 else b"")
        kept = said, less, more, not any(mark in said for mark in (AGE, DAY, TITLE))
        self._counted[reason, n] = kept
        return kept


def _json(text: str) -> bytes:
    """A text as JSON, without its quotes."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


def _marked(text: bytes) -> bytes:
    for placeholder, mark in _MARKS.items():
        text = text.replace(placeholder.encode(), mark)
    return text


@lru_cache(maxsize=1_000)
def accepted(header: bytes, names: tuple[str, ...]) -> int:
    """Place of the language that a client would rather have, by its ``Accept-Language``; the first where it has none.

    A name stands for those that begin with it, and for the one that it begins with: ``de-AT`` takes ``de`` (RFC 4647,
    look-up). Equally dear ones count in the order they are sent.
    """
    wanted: list[tuple[float, str]] = []
    for part in header[:500].decode("latin-1").split(","):
        name, _, quality = part.strip().lower().partition(";")
        try:
            share = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if 0 < share <= 1 and name:
            wanted.append((-share, name.strip()))
    known = [name.lower() for name in names]
    for _, name in sorted(wanted, key=lambda each: each[0]):
        if name == "*":
            return 0
        parts = name.split("-")
        for length in range(len(parts), 0, -1):
            sought = "-".join(parts[:length])
            for place, each in enumerate(known):
                if each == sought or (length == len(parts) and each.startswith(sought + "-")):
                    return place
    return 0
