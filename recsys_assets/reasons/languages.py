"""The languages that a profile tells reasons in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.profile import PROJECT
from recsys_assets.reasons.templates import FOLDER, language_of, template_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.reasons.templates import Language


def first_language(profile: Profile) -> Language:
    """The language of the tables.

    Raises
    ------
    TemplatesError
        When its templates are wrong.
    """
    return _language(profile, profile.reasons.languages[0])


def languages_of(profile: Profile) -> list[Language]:
    """Every language that reasons can be had in, that of the tables first.

    Raises
    ------
    TemplatesError
        When the templates of one are wrong.
    """
    return [_language(profile, name) for name in profile.reasons.languages]


def own_templates(profile: Profile) -> list[Path]:
    """Files of the profile's own words, in all its languages."""
    files = (file for name in profile.reasons.languages for file in template_files(profile.reasons, name, PROJECT))
    return [file for file in files if file.parent != FOLDER]


def template_rows(languages: Iterable[Language]) -> pa.Table:
    """What ``meta.reason_templates`` of a release holds: `place`, `language`, `template`, `form` and `text`."""
    import pyarrow as pa

    rows = [
        {"place": place, "language": language.name, "template": template, "form": form, "text": text}
        for place, language in enumerate(languages)
        for template, form, text in language.rows()
    ]
    names = ("language", "template", "form", "text")
    return pa.Table.from_pylist(rows, pa.schema({"place": pa.int32(), **dict.fromkeys(names, pa.string())}))


def _language(profile: Profile, name: str) -> Language:
    weighs = [event_type for event_type, weight in profile.event_weights.items() if weight > 0]
    return language_of(name, template_files(profile.reasons, name, PROJECT), weighs)
