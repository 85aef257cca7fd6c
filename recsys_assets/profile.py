"""Profiles: the settings of one deployment, validated.

What belongs here: the TOML files under ``data/profiles/`` as typed settings, and where a deployment's folders are.
``RECSYS_PROFILE`` chooses the profile, ``RECSYS_DATA`` moves the data folder (default ``data/`` in the project). Of
algorithms and of the reranker it knows the settings only, to validate them; their libraries stay unloaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PrivateAttr, field_validator, model_validator

from recsys_assets.algorithms.instances import configured
from recsys_assets.delivery_settings import Delivery as Delivery
from recsys_assets.errors import RecsysError
from recsys_assets.evaluation.detectors.settings import DetectorSettings
from recsys_assets.ranking.reranker import RerankerSettings
from recsys_assets.reason_settings import ReasonSettings
from recsys_assets.release_settings import ReleaseSettings
from recsys_assets.tuning_settings import TuningSettings
from recsys_assets.wrong_algorithms import problems_of_algorithms
from recsys_assets.wrong_policy import problems_of_policy
from recsys_assets.wrong_settings import SettingsError, refused

PROJECT = Path(__file__).resolve().parent.parent

Task = Literal["next", "discovery"]
DEFAULT_CANDIDATES: dict[Task, int] = {"next": 200, "discovery": 200}
NightOfProfile = Annotated[date, Field(ge=date(1990, 1, 1), lt=date(2200, 1, 1))]  # Older events are rejected.
_TAKEN = {"profiles", "logs"}  # Folders of the data folder that are no deployment's.
_DECIDE_NOTHING: Any = {
    **dict.fromkeys(("name", "title", "deliveries", "last_night", "demo_nights", "batch_users", "audit"), True),
    **dict.fromkeys(("late_after_hours", "key_prefix", "detectors", "warm_up", "reasons", "tuning"), True),
    "release": set(ReleaseSettings.model_fields) - {"depth"},
}


class ProfileError(RecsysError):
    """A profile that cannot be used; the message names the file and setting and says what to do."""


class Profile(BaseModel):
    """One deployment: a source, its files, its nights, its tasks and algorithms."""

    # Strict, since TOML has types of its own: `true` is no number, and "7" none either.
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    name: str
    """Name of the profile: the stem of its file, and of its folder under ``data/``; never in the file itself."""
    title: str = ""
    """One line that people read in the UI and in printed tables."""
    source: str = Field(pattern=r"^[^/\\]+$")
    """Folder under ``sql/sources/`` with the SELECTs that map raw tables to canonical ones."""
    deliveries: list[Delivery]
    """Raw tables in landing order: what others are joined with comes first."""
    first_night: NightOfProfile
    """First night; all older history becomes visible with it."""
    last_night: NightOfProfile | None = None
    """Last night (inclusive) of a data set that is history; None for a live shop."""
    demo_nights: list[NightOfProfile] = Field(default_factory=list)
    """Nights that ``recsys demo`` builds, oldest first."""
    warm_up: int = Field(default=3, ge=0, le=12)
    """Nights, one horizon apart, that are built before the first one published, as far as ``first_night`` lets. Those
    after learn from them; they are never published. Without them the first lists are made blind."""
    grace_hours: float = Field(default=2.0, ge=0, le=24)
    """Hours from a night's cutoff to its close."""
    late_after_hours: float = Field(default=6.0, ge=0, le=24 * 366)
    """Hours after a night's close until its release is late, and people are told. Who builds once a week adds 144."""
    horizon: int = Field(default=7, ge=1, le=90)
    """Days ahead a list is judged."""
    tasks: list[Task] = Field(default=["next", "discovery"], min_length=1)
    """Which lists are published: ``next`` (repeats allowed), ``discovery`` (never had before)."""
    known_earlier: dict[str, Annotated[int, Field(ge=1, le=366)]] = Field(default_factory=dict)
    """Days before their own time (``known_from``) that rows of an extra table of the source are known, by its name:
    ``known_earlier = {promotions = 7}`` for mailers printed a week ahead. Nothing checks it, so be sure."""
    repeated_lines: Literal["count", "drop"] = "count"
    """What equal lines of one file are: ``count``, so many events, as of a till that writes a line a piece; ``drop``,
    one, as in an export with doubled rows. Equal lines of several files are the same events delivered again, always."""
    event_weights: dict[str, NonNegativeFloat] = Field(default={"purchase": 1.0}, min_length=1)
    """Weight of one event of each type in training. Weight 0: the user has had the item, so discovery leaves it out,
    and that is all; it is in no model, feature, trend or reason, and not graded. Types not named are not even that."""
    list_length: int = Field(default=20, ge=20, le=200)
    """Items per published list; at least 20, the deepest cut that is graded."""
    rrf_k: int = Field(default=60, ge=1)
    """Constant of reciprocal-rank fusion (Cormack et al. 2009): the larger, the flatter the ranks count."""
    n_candidates: dict[Task, Annotated[int, Field(ge=20, le=1_000)]] = Field(default=DEFAULT_CANDIDATES)
    """Candidates kept per user of the union of all algorithms' lists, by task: what the final ranking chooses from. No
    algorithm's list is longer."""
    n_similar: int = Field(default=20, ge=1)
    """Similar items kept per item."""
    n_trending: int = Field(default=100, ge=20)
    """Items of the trending list that unknown ids get."""
    batch_users: int = Field(default=256, ge=1)
    """Users that each of up to four threads takes at once. It scores them in blocks of at most 2**24 scores (or 16
    users), which hold about 32 bytes a score, however many users there are. Up to a block the tasks share the work."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seed of every algorithm that draws."""
    key_prefix: str = Field(default="", pattern=r"^([a-z][a-z0-9_]*)?$")
    """Prefix of its assets' keys in Dagster, for profiles that share one ``DAGSTER_HOME``
    (`deploy/workspace-several.yaml`): best the profile's name. Empty for one that has its own."""
    audit: Literal["sample", "full", "off"] = "sample"
    """How each night is audited before it is published; one that saw its future is not. ``sample``: on some users,
    beside the rest of the night. ``full``: on all of it, as ``recsys audit future`` does, for three times the night."""
    detectors: DetectorSettings = DetectorSettings()
    """Whether trusted data knows the future (``[detectors]``), asked of each graded night: docs/detectors.md."""
    release: ReleaseSettings = ReleaseSettings()
    """Further tables of the release (``[release]``), which views are made of: docs/release.md."""
    reasons: ReasonSettings = ReasonSettings()
    """In which languages reasons are told, in whose words (``[reasons]``): docs/reasons.md."""
    tuning: TuningSettings = TuningSettings()
    """When settings are tuned by themselves, and for how long (``[tuning]``); never, unless a schedule is named."""
    reranker: dict[str, Any] = Field(default_factory=dict)
    """Settings of the reranker (``[reranker]``); see `ranking.reranker.RerankerSettings`."""
    policy: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Rules between the ranking and what is published (``[policy.<rule>]``): docs/policies.md."""
    algorithms: dict[str, dict[str, Any]] = Field(min_length=1)
    """Algorithms that run, each with its settings (empty: the algorithm's defaults). A table with ``algorithm`` is an
    instance of that one under its own name, ``[algorithms.popularity_7d]``, and may have a ``title``."""

    @field_validator("n_candidates", mode="before")
    @classmethod
    def _candidates_of_every_task(cls, value: Any) -> Any:
        return DEFAULT_CANDIDATES | value if isinstance(value, dict) else value

    @field_validator("audit", mode="before")
    @classmethod
    def _audit_was_a_switch(cls, value: Any) -> Any:
        return {True: "full", False: "off"}[value] if isinstance(value, bool) else value

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", name) or name in _TAKEN:
            raise ValueError(
                f"a profile cannot be called {name!r}. Name its file with letters, digits, _ and -, 64 at most, and "
                f"not {' or '.join(sorted(_TAKEN))}: its folder of data has that name"
            )
        return name

    @field_validator("tasks", "demo_nights")
    @classmethod
    def _once(cls, values: list[Any]) -> list[Any]:
        if twice := next((value for place, value in enumerate(values) if value in values[:place]), None):
            raise ValueError(f"{twice} is given twice; keep one")
        return values

    @field_validator("event_weights")
    @classmethod
    def _something_weighs(cls, weights: dict[str, float]) -> dict[str, float]:
        if not any(weights.values()):
            raise ValueError("no type of event weighs anything, so nothing would be learned; give one a weight above 0")
        return weights

    @model_validator(mode="after")
    def _nights_in_order(self) -> Profile:
        if self.last_night is not None and self.last_night < self.first_night:
            said = f"last_night {self.last_night} lies before first_night {self.first_night}"
            raise SettingsError([(("last_night",), said)])
        for night in self.demo_nights:
            if night < self.first_night or (self.last_night and night > self.last_night):
                raise SettingsError([(("demo_nights",), f"demo night {night} lies outside first_night..last_night")])
        return self

    @model_validator(mode="after")
    def _deliveries_differ(self) -> Profile:
        for place, delivery in enumerate(self.deliveries):
            if delivery.files in [earlier.files for earlier in self.deliveries[:place]]:
                said = f"{delivery.files!r} is the pattern of an earlier delivery, which takes all of its files"
                raise SettingsError([(("deliveries", place, "files"), said)])
        return self

    @model_validator(mode="after")
    def _settings_of_others(self) -> Profile:
        problems = problems_of_algorithms(self.algorithms) + problems_of_policy(self.policy)
        problems += refused(RerankerSettings, self.reranker, ("reranker",))
        if problems:
            raise SettingsError(problems)
        served = {task for algorithm, _ in configured(self.algorithms).values() for task in algorithm.tasks}
        if unserved := [task for task in self.tasks if task not in served]:
            raise SettingsError([(("tasks",), f"no algorithm makes lists of {unserved[0]!r}")])
        return self

    @property
    def grace(self) -> timedelta:
        """Time from cutoff to close."""
        return timedelta(hours=self.grace_hours)

    @property
    def models(self) -> list[str]:
        """Names of a night's models: of every algorithm, and of every task's reranker."""
        return [*self.algorithms, *(f"reranker_{task}" for task in self.tasks)]

    _data: Path | None = PrivateAttr(None)

    @property
    def folder(self) -> Path:
        """Folder of everything this deployment produces."""
        return (self._data or data_folder()) / self.name

    def inside(self, data: Path, **changed: Any) -> Profile:
        """The same deployment with its folder inside another one, and some settings changed."""
        copy = self.model_copy(update=changed)
        copy._data = data
        return copy

    @property
    def settings(self) -> str:
        """The settings that decide what a night's tables hold, as JSON."""
        nothing = _DECIDE_NOTHING | ({} if self.policy else {"policy": True})
        return json.dumps(self.model_dump(mode="json", exclude=nothing), sort_keys=True)

    @property
    def fingerprint(self) -> str:
        """Hash of those settings (12 hex digits)."""
        return hashlib.sha256(self.settings.encode()).hexdigest()[:12]


def data_folder() -> Path:
    """Folder that holds all produced data: ``RECSYS_DATA``, or ``data/`` in the project."""
    return Path(os.environ.get("RECSYS_DATA") or PROJECT / "data").absolute()
