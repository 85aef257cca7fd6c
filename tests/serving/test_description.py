"""GET /openapi.json: its examples are of the forms it tells, and what the server answers is, too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.committed import PROJECT
from tests.serving.small import EVENT, publish, serving

CONFIG = Path(__file__).with_name("schemathesis.toml")


def forms(description):
    """(where, media type, what it says) of every body that a route takes or gives."""
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            bodies = {"takes": route.get("requestBody", {}), **route["responses"]}
            for status, body in bodies.items():
                for media_type, said in body.get("content", {}).items():
                    yield f"{method} {path} {status}", media_type, said


def test_every_example_is_of_its_form(ask):
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    description = ask("/openapi.json").json()
    n_examples = 0
    for where, media_type, said in forms(description):
        if media_type == "text/plain":
            continue
        assert said["schema"], f"{where}: anything is of its form"
        schema = {"components": description["components"], **said["schema"]}
        examples = [said["example"]] if "example" in said else []
        reference = said["schema"].get("$ref", "").rpartition("/")[2]
        examples += description["components"]["schemas"].get(reference, {}).get("examples", [])
        for example in examples:
            jsonschema_rs.Draft202012Validator(schema).validate(example)
            n_examples += 1
    assert n_examples > 30


def test_answers_have_no_field_that_the_form_does_not_tell(ask):
    description = ask("/openapi.json").json()["components"]["schemas"]
    paths = {
        "Recommendations": "/v1/users/17012/recommendations?explain=true",
        "Explanation": "/v1/explain/17012/2",
        "SimilarItems": "/v1/items/1/similar",
        "TrendingItems": "/v1/trending",
        "Catalogue": "/v1/items",
        "Found": "/v1/search?q=tea",
        "User": "/v1/users/17012",
        "Bundles": "/v1/users/anna/bundles/1",
        "Movements": "/v1/movements",
        "Profile": "/v1/users/anna/profile",
        "Grades": "/v1/grades",
        "Releases": "/v1/releases",
        "Ready": "/health/ready",
    }
    for form, path in paths.items():
        said = ask(path).json()
        assert said.keys() == description[form]["properties"].keys(), path
        for name, rows in said.items():
            if form != "Grades" and isinstance(rows, list):
                row_form = description[form]["properties"][name]["items"]["$ref"].rpartition("/")[2]
                optional = {} if "explain" in path else {"proposed"}
                assert rows[0].keys() == description[row_form]["properties"].keys() - optional, path


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_schemathesis_finds_nothing(tmp_path):
    pytest.importorskip("schemathesis")
    publish(tmp_path / "shop")
    with serving(tmp_path / "shop") as ask:
        assert ask("/v1/events", EVENT).status == 202
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "--no-color", "run"]
        command += [f"http://127.0.0.1:{ask.port}/openapi.json", "--max-examples", "100", "--seed", "20"]
        command += ["--generation-database", "none", "--request-timeout", "120"]
        # It keeps what it finds in the folder where it runs.
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        asked = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=800)
    assert asked.returncode == 0, asked.stdout[-5_000:]
    assert "No issues found" in asked.stdout
