"""The evidence guard: a sentence that names what its evidence does not is refused, and the template stands.

What belongs here: what is held against a sentence, without asking anybody. It errs on the side of refusing: a sentence
that is lost costs little, one that lies is shown to a customer.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from recsys_assets.reasons.evidence import MAX_BLURB, MAX_EXPLANATION, Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WORD = re.compile(r"[\w'’-]+")
_MARKUP = re.compile(r"[<>`|\\\[\]{}#*_~^=]|&\w+;|&#|https?:|www\.|\w@\w|//")
_NOUNS_ARE_CAPITALS = frozenset({"de", "lb"})
_NUMBERS = {
    "en": "two three four five six seven eight nine ten eleven twelve dozen dozens hundred hundreds thousand thousands "
    "million millions half twice thrice double triple percent first second third quarter",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dutzend dutzende hundert hunderte "
    "tausend tausende million millionen halb hälfte zweimal dreimal doppelt dreifach prozent erste ersten zweite "
    "zweiten dritte",
}
_CLAIMS = {
    "en": "price priced cheap cheaper cheapest discount discounted sale sales offer offers bargain free deal deals "
    "dollar dollars euro euros cent cents save savings guarantee guaranteed bestseller bestselling award award-winning "
    "organic healthy healthier vegan stock delivery shipping today tomorrow yesterday tonight week weeks month months "
    "year years everyone everybody always never best",
    "de": "preis preise billig billiger günstig günstiger rabatt rabatte angebot angebote gratis kostenlos schnäppchen "
    "euro cent sparen garantie garantiert bestseller preisgekrönt bio gesund gesünder vegan vorrätig lieferung versand "
    "heute morgen gestern woche wochen monat monate jahr jahre alle immer nie beste besten bester",
}
_ORDERS = frozenset(
    [
        *("ignore", "instruction", "instructions", "prompt", "system", "assistant", "chatgpt", "model"),
        *("ignoriere", "anweisung", "anweisungen"),
    ]
)


class Titles:
    """Titles of all items, to find those of others in a sentence.

    Parameters
    ----------
    titles : Iterable[str]
        As the night knows them.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        self._words = {tuple(_words(title)): title for title in titles}
        self._words.pop((), None)
        self._longest = max(map(len, self._words), default=0)

    def named(self, text: str, own: frozenset[str]) -> str | None:
        """The first title in a text, unless ``own`` has all of its words; one of one word where it is a name."""
        found = [(match[0], match.start()) for match in _WORD.finditer(text)]
        folded = [word.casefold() for word, _ in found]
        for start in range(len(found)):
            for length in range(min(self._longest, len(found) - start), 0, -1):
                title = self._words.get(tuple(folded[start : start + length]))
                if title is None or own.issuperset(folded[start : start + length]):
                    continue
                word, at = found[start]
                if length > 1 or (len(word) > 2 and word[0].isupper() and not _begins(text, at)):
                    return title
        return None


def refused(evidence: Evidence, blurb: object, explanation: object, titles: Titles) -> str | None:
    """Why what a model wrote is not to be shown; None: it is.

    Parameters
    ----------
    evidence
        What it was told.
    blurb, explanation
        What it wrote.
    titles
        Of all items.
    """
    for name, text, most in (("blurb", blurb, MAX_BLURB), ("explanation", explanation, MAX_EXPLANATION)):
        if not isinstance(text, str) or not text.strip():
            return f"its {name} is no text"
        if len(text) > most + len(evidence.title) + len(evidence.other_title or ""):
            return f"its {name} is longer than {most} characters"
        for problem in _problems(evidence, unicodedata.normalize("NFKC", text), titles):
            return f"its {name} {problem}"
    return None


def _problems(evidence: Evidence, text: str, titles: Titles) -> Iterator[str]:
    """What is wrong with a text once all that the evidence says is taken out of it."""
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for char in text):
        yield "has characters that cannot be seen"
    if any(text.count(each) > 1 for each in evidence.placeholders):
        yield "says a figure twice"
    rest = text
    for each in evidence.placeholders:
        rest = rest.replace(each, " ")
    for known in evidence.texts:
        rest = re.sub(re.escape(unicodedata.normalize("NFKC", known)), " · ", rest, flags=re.IGNORECASE)
    if found := _MARKUP.search(rest):
        yield f"has markup, a link or a placeholder of its own: {found[0]!r}"
    if number := next(
        (char for char in rest if char.isnumeric() or unicodedata.category(char) == "Sc" or char in "%‰"), ""
    ):
        yield f"names a figure that its evidence does not: {number!r}"
    language = evidence.language.partition("-")[0]
    own = frozenset(word for known in evidence.texts for word in _words(known))
    # Only a whole title is its own: of a part of it a model may make what an order in it asked for.
    words = _words(rest)
    for what, known_words in (
        ("a number", _said(_NUMBERS, language)),
        ("a day or month", _calendar(evidence.language)),
        ("a price, a time or a quality", _said(_CLAIMS, language)),
        ("what it was asked", _ORDERS),
    ):
        if word := next((word for word in words if word in known_words), ""):
            yield f"names {what} that its evidence does not: {word!r}"
    if title := titles.named(rest, own):
        yield f"names another item: {title!r}"
    if language not in _NOUNS_ARE_CAPITALS:
        for match in _WORD.finditer(rest):
            word = match[0]
            if word[0].isupper() and word != "I" and word.casefold() not in own and not _begins(rest, match.start()):
                yield f"names what its evidence does not: {word!r}"


def _is_figure(char: str) -> bool:
    return char.isnumeric() or char in "%‰" or unicodedata.category(char) == "Sc"


def _begins(text: str, at: int) -> bool:
    """Whether a sentence begins at a place of a text; what was taken out of it counts as a word."""
    before = text[:at].rstrip(" \t\"“„‘'(–—-")
    return not before or before[-1] in ".!?:…"


def _words(text: str) -> list[str]:
    return [match[0].casefold() for match in _WORD.finditer(unicodedata.normalize("NFKC", text))]


def _said(words: dict[str, str], language: str) -> frozenset[str]:
    """Words of a language, and of English, which models fall back on."""
    return frozenset(f"{words['en']} {words.get(language, '')}".split())


@cache
def _calendar(language: str) -> frozenset[str]:
    """Names of days and months of a language, but for those that are words of it as well."""
    from babel import Locale

    locale = Locale.parse(language, sep="-")
    names = (*locale.months["format"]["wide"].values(), *locale.days["format"]["wide"].values())
    return frozenset(name.casefold() for name in names) - {"may", "march", "mars", "mai"}
