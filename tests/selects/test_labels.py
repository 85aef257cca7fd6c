"""Beside labels stands what the graded night knew; grades judge nothing that has learned from them."""

import re

import pytest

from recsys_assets.assets.step import Made, Step
from recsys_assets.selects.files import TableName
from recsys_assets.selects.labels import LabelError, problems_of_labels


def step(name, *reads, after=()):
    names = [read.split(".") for read in reads]
    tables = tuple(TableName(schema, table, *catalog) for *catalog, schema, table in names)
    return Step(name=name, description="", make=lambda _: Made(None), reads=tables, after=after)


REFUSED = {
    "the log of tonight": (
        "recommendations.x",
        "grades.relevant",
        "clean.interactions",
        "Read graded.clean.interactions",
    ),
    "features of tonight": ("recommendations.x", "grades.users", "features.user", "Read graded.features.user"),
    "lists of tonight": ("recommendations.x", "grades.judged_candidates", "recommendations.lists", "Read graded."),
    "every night's features": (
        "recommendations.x",
        "grades.relevant",
        "past.features.user",
        "some of it has seen them",
    ),
    "nights since": ("recommendations.x", "grades.relevant", "before.features.user", "some of it has seen them"),
    "labels of many nights": ("recommendations.x", "past.grades.relevant", "graded.features.user", "of several nights"),
    "examples of many nights": ("models.x", "past.recommendations.examples", "features.user", "of several nights"),
    "tonight's examples": ("models.x", "recommendations.examples", "recommendations.lists", "Read graded."),
    "judged lists": ("grades.x", "grades.relevant", "recommendations.lists", "Judge what the graded night made"),
    "judged weights": ("grades.x", "grades.summary", "recommendations.fusion_weights", "Judge what the graded night"),
    "judged features": ("grades.x", "grades.relevant", "features.user", "read graded.features.user"),
    "judged lists of nights since": ("grades.x", "grades.relevant", "before.recommendations.lists", "Judge what"),
}


@pytest.mark.parametrize(("name", "labels", "beside", "said"), REFUSED.values(), ids=REFUSED)
def test_a_step_is_refused(name, labels, beside, said):
    with pytest.raises(LabelError, match=rf"^{re.escape(name)}: .*{re.escape(beside)}.*{re.escape(said)}"):
        step(name, labels, beside)


def test_a_model_of_tonight_is_not_judged_and_not_calibrated_by_what_it_learned():
    with pytest.raises(LabelError, match=r"reads models\.reranker_next beside the labels of past\.recommendations"):
        step("recommendations.x", "past.recommendations.examples", after=("models.reranker_next",))
    with pytest.raises(LabelError, match=r"judges models\.als"):
        step("grades.x", "grades.relevant", after=("models.als",))


ALLOWED = {
    "the graded night": ("recommendations.x", "grades.relevant", "graded.clean.interactions", "graded.features.user"),
    "means and tonight's lists": ("recommendations.x", "grades.summary", "recommendations.rankings", "clean.items"),
    "who is champion": (
        "recommendations.champions",
        "past.grades.candidates",
        "recommendations.rankings",
        "before.recommendations.champions",
    ),
    "a model of examples": ("models.x", "past.recommendations.examples"),
    "grades of the log": ("grades.x", "grades.relevant", "clean.interactions", "before.grades.summary"),
    "grades of the graded night": ("grades.x", "grades.relevant", "graded.recommendations.lists"),
    "what is published": ("releases.x", "grades.users", "recommendations.lists"),
    "no labels": ("recommendations.x", "clean.items", "features.user", "recommendations.rankings"),
}


@pytest.mark.parametrize("names", ALLOWED.values(), ids=ALLOWED)
def test_a_step_is_allowed(names):
    name, *reads = names
    assert step(name, *reads).name == name


def test_a_champion_is_not_chosen_by_what_was_taken():
    """Of the labels beside tonight's rankings only figures of users are let through."""
    (problem,) = problems_of_labels("recommendations.champions", ["grades.relevant", "recommendations.rankings"])
    assert "Read graded.recommendations.rankings" in problem
