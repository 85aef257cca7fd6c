"""Reading a profile's file: whatever is wrong in it is refused here, each setting with file and line.

What belongs here: finding the file, and turning what TOML, pydantic and the source find wrong into sentences. What the
settings are is in `recsys_assets.profile`.
"""

from __future__ import annotations

import itertools
import os
import re
import tomllib
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

from pydantic import ValidationError

from recsys_assets.profile import PROJECT, Delivery, Profile, ProfileError
from recsys_assets.reasons.languages import languages_of
from recsys_assets.wrong_settings import Location, SettingsError, did_you_mean, line_of, lines_of, shown

DEFAULT_PROFILE = "complete_journey"
_CANONICAL = {"events", "retractions", "items", "users"}
_EVENT_TYPE = re.compile(
    r"^\s*('[^']*') as event_type\b"
    r"|^\s*case when [^;']*? then ('[^']*') else ('[^']*') end as event_type\b",
    re.MULTILINE,
)
"""The type of events in a source's SQL, where that says them all; where it is a column, files say."""


def profile_names() -> list[str]:
    """Names of the profiles that exist."""
    return sorted(path.stem for path in (PROJECT / "data" / "profiles").glob("*.toml"))


def load_profile(name: str | None = None) -> Profile:
    """Read a profile: ``name``, else ``RECSYS_PROFILE``, else the default.

    Raises
    ------
    ProfileError
        When there is no such profile, or its file is wrong; names the file and each wrong setting.
    TemplatesError
        When the words of reasons that it brings are wrong; names the file, the sentence and the placeholder.
    """
    return _read(name or os.environ.get("RECSYS_PROFILE") or DEFAULT_PROFILE)


def profile_path(name: str) -> Path:
    """File of a profile, which may be named by its path, too; whether or not there is one."""
    return Path(name) if name.endswith(".toml") else PROJECT / "data" / "profiles" / f"{name}.toml"


def file_of(profile: Profile) -> Path:
    """File that a profile was read from, as ``RECSYS_PROFILE`` or its name tells."""
    given = profile_path(os.environ.get("RECSYS_PROFILE", "")).absolute()
    return given if given.stem == profile.name else profile_path(profile.name)


@lru_cache
def _read(name: str) -> Profile:
    path = profile_path(name)
    if not path.is_file():
        raise ProfileError(f"There is no profile {name!r}. Profiles: {', '.join(profile_names()) or 'none'}.")
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Editors of Windows put a mark at its beginning.
        given = tomllib.loads(text)
        if "name" in given:
            raise SettingsError(
                [(("name",), f"is the name of the file, {path.stem}: delete the line, or rename the file")]
            )
        profile = Profile(name=path.stem, **given)
        _check_source(profile)
        if "reasons" in given:
            languages_of(profile)
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(
            f"{path}: cannot be read as UTF-8: {error}. Mend its permissions or its encoding."
        ) from error
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        raise ProfileError(f"{path}:{line}: not valid TOML: {error}.") from error
    except (ValidationError, SettingsError) as error:
        problems = _problems(error) if isinstance(error, ValidationError) else error.problems
        lines = lines_of(text)
        located = [(line_of(lines, location), location, said) for location, said in problems]
        wrong = "\n".join(
            f"{path}:{line}: {shown(location)}: {said}." for line, location, said in sorted(located, key=itemgetter(0))
        )
        raise ProfileError(f"{wrong}\nSee recsys_assets/profile.py for every setting.") from error
    return profile


def _problems(error: ValidationError) -> list[tuple[Location, str]]:
    """What pydantic found, each with its place in the file."""
    problems: list[tuple[Location, str]] = []
    for detail in error.errors():
        location, cause = detail["loc"], detail.get("ctx", {}).get("error")
        if isinstance(cause, SettingsError):
            problems += cause.problems
        elif detail["type"] == "extra_forbidden":
            known = Delivery.model_fields if location[0] == "deliveries" else Profile.model_fields
            problems.append((location, f"is no setting{did_you_mean(str(location[-1]), known)}"))
        else:
            problems.append((location, str(cause or detail["msg"])))
    return problems


def _check_source(profile: Profile) -> None:
    """Refuse a source that is not there, and names of tables and types of events that its SQL does not know.

    Raises
    ------
    SettingsError
        When one is found.
    """
    folder = PROJECT / "sql" / "sources" / profile.source
    if not (folder / "events.sql").is_file():
        there = sorted(path.parent.name for path in folder.parent.glob("*/events.sql"))
        close = did_you_mean(profile.source, there)
        said = f"there is no source {profile.source!r}{close}; there are {', '.join(there)}"
        raise SettingsError([(("source",), said)])
    texts = {path.stem: path.read_text() for path in folder.glob("*.sql")}
    read = set(re.findall(r"\braw\.([a-z0-9_]+)", "\n".join(texts.values())))
    extras = texts.keys() - _CANONICAL
    types = set(re.findall(r"'([^']*)'", " ".join(itertools.chain(*_EVENT_TYPE.findall(texts["events"])))))
    problems: list[tuple[Location, str]] = []
    for place, delivery in enumerate(profile.deliveries):
        if delivery.table not in read:
            said = f"the source reads no raw.{delivery.table}{did_you_mean(delivery.table, read)}"
            problems.append((("deliveries", place, "table"), said))
    for name in profile.known_earlier.keys() - extras:
        said = f"the source has no extra table {name!r}{did_you_mean(name, extras)}"
        problems.append((("known_earlier", name), said))
    has = f"it has {', '.join(sorted(types))}"
    for name in profile.event_weights if types else ():
        if name not in types:
            said = f"the source has no event of type {name!r}{did_you_mean(name, types)}; {has}"
            problems.append((("event_weights", name), said))
    if problems:
        raise SettingsError(problems)
