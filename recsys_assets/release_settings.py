"""Settings of the release: which of its further tables it has, how much they hold, and how deep its lists go."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FurtherTable = Literal[
    "serving.algorithm_lists",
    "serving.bundles",
    "serving.co_purchases",
    "serving.contexts",
    "serving.contributions",
    "serving.history",
    "serving.item_embeddings",
    "serving.movements",
    "serving.user_embeddings",
    "serving.user_profiles",
    "meta.checks",
    "meta.costs",
    "meta.feature_gains",
    "meta.ledger",
    "meta.reject_counts",
    "meta.rejects",
    "meta.volume",
]
"""Tables that views are made of and no list: a release can do without."""


class ReleaseSettings(BaseModel):
    """Settings of every release (``[release]``)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    without: list[FurtherTable] = Field(default_factory=list)
    """Tables that stay empty, such as ``["serving.history"]``: what they would tell is in no release then, and costs
    neither time nor room."""
    list_users: int = Field(default=2_000, ge=1)
    """Users whose lists of each single algorithm are shown, the same ones every night (by a hash of the id); everybody
    where there are fewer. Twenty algorithms take some ten kilobytes a user."""
    contributions: int = Field(default=200, ge=0)
    """Users for whose published rows is kept what their scores are made of, by algorithm and feature group; the same
    ones every night (by a hash of the id). 0: of nobody."""
    depth: int = Field(default=100, ge=20, le=1_000)
    """Places of a list that a server can go down to, where what is hidden at request time leaves too few of those that
    are published: no further than ``n_candidates`` of the task, and no shorter than ``list_length``."""
    co_purchase_days: int = Field(default=90, ge=1, le=3_660)
    """Days before the night's end whose baskets tell what is taken together."""
