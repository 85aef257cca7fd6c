"""Several profiles in one Dagster: their assets are kept apart, and a night of one is none of another's."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from dagster import AssetKey

from recsys_assets.assets.clean_log import clean_selects
from recsys_assets.checks.declared import load_checks
from recsys_assets.profile import ProfileError
from recsys_assets.profile_file import load_profile
from recsys_assets.storage.landing.database import Landing
from recsys_jobs import locations
from recsys_jobs.definitions import build_definitions, check_keys
from recsys_jobs.graph import asset_order
from recsys_jobs.run import dagster_instance
from tests.helpers.project import copy_project, recsys
from tests.helpers.sample import NIGHTS, PROJECT, Deployment
from tests.jobs import chromium
from tests.jobs.chromium import browser
from tests.jobs.pages import ask, dagster_dev

LAST = NIGHTS[-1]
MATERIALIZED = """{
  assetsOrError { ... on AssetConnection { nodes { key { path } assetMaterializations(limit: 1) { partition } } } }
}"""


def prefixed(built: Deployment, name: str):
    return built.profile.inside(built.data, key_prefix=name)


def keys(profile) -> set[AssetKey]:
    return {key for assets in build_definitions(profile).assets for key in assets.keys}


def test_keys_have_the_prefix_of_their_profile_and_are_as_ever_without_one(built):
    with built.active():
        plain, north = keys(built.profile), keys(prefixed(built, "north"))
        assert {("north", *key.path) for key in plain} == {tuple(key.path) for key in north}
        profile = prefixed(built, "north")
        definitions = build_definitions(profile)
        specs = [spec for assets in definitions.assets for spec in assets.specs]
        assert {dep.asset_key.path[0] for spec in specs for dep in spec.deps} == {"north"}
        checks = set(definitions.resolve_asset_graph().asset_check_keys)
        assert checks == set(check_keys(profile, load_checks(profile)))
        assert {key.asset_key.path[0] for key in checks} == {"north"}
        nightly = definitions.resolve_job_def("nightly").asset_layer
        assert {key.path[0] for key in nightly.executable_asset_keys} == {"north"}
        assert len(nightly.executable_asset_keys) == len(plain) - 7, "all but what lands, the audit, and studies"


def test_tables_are_known_by_their_names_whatever_the_prefix(built):
    with built.active():
        assert asset_order(prefixed(built, "north")) == asset_order(built.profile)
    assert prefixed(built, "north").fingerprint == built.profile.fingerprint


def test_a_night_of_one_is_none_of_the_others(built, tmp_path):
    copy = built.copy_before_last(tmp_path / "data")
    with copy.active(), dagster_instance() as instance:
        clean = [f"north.clean.{table}" for table in clean_selects(Landing(copy.profile))]
        copy.build(
            LAST,
            profile=prefixed(copy, "north"),
            only=[*clean, "north.features.user_item", "north.features.user"],
            checks=False,
        )
        assert str(LAST) in instance.get_materialized_partitions(AssetKey(["north", "features", "user"]))
        for other in (["south", "features", "user"], ["features", "user"]):
            assert str(LAST) not in instance.get_materialized_partitions(AssetKey(other))


def test_a_location_is_the_profile_of_its_name_and_needs_a_prefix():
    with pytest.raises(ProfileError, match='write key_prefix = "online_retail" into its file'):
        _ = locations.online_retail
    assert not hasattr(locations, "no_such_profile")


def test_dagster_home_is_the_profiles_own(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path))
    monkeypatch.setenv("RECSYS_PROFILE", "online_retail")
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    (tmp_path / ".dagster").mkdir()
    with dagster_instance() as instance:
        assert instance.root_directory == str(tmp_path / "online_retail" / ".dagster")
    assert f"mv {tmp_path / '.dagster'} {tmp_path / 'online_retail' / '.dagster'}" in caplog.text


@pytest.mark.parametrize("profile", ["", "online_retail", "/somewhere/my_shop.toml"])
def test_make_and_the_program_agree_on_dagster_home(profile, monkeypatch, tmp_path):
    kept = {name: value for name, value in os.environ.items() if name not in {"DAGSTER_HOME", "MAKEFLAGS"}}
    environment = kept | {"RECSYS_DATA": str(tmp_path), "RECSYS_PROFILE": profile}
    makefile = "include Makefile\nshow: ; @echo $(DAGSTER_HOME)\n"
    shown = subprocess.run(
        ["make", "-s", "-f", "-", "show"], input=makefile, env=environment, cwd=PROJECT, capture_output=True, text=True
    )
    name = Path(profile).stem or load_profile("complete_journey").name
    assert shown.stdout.split() == [str(tmp_path / name / ".dagster")], shown.stderr


@dataclass(frozen=True)
class Shops(Deployment):
    """Two profiles in a copy of the project, sharing one history."""

    project: Path = PROJECT

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"PYTHONPATH": str(self.project)}


@pytest.fixture
def shops(built: Deployment, tmp_path: Path) -> Shops:
    project, data = copy_project(tmp_path / "project"), tmp_path / "data"
    entries = []
    for name in ("north", "south"):
        text = f'key_prefix = "{name}"\n{built.profile_file.read_text()}'
        (project / "data" / "profiles" / f"{name}.toml").write_text(text)
        shutil.copytree(built.folder, data / name, symlinks=True)
        place = {"module_name": "recsys_jobs.locations", "attribute": name, "location_name": name}
        entries.append({"python_module": place})
    (project / "several.yaml").write_text(json.dumps({"load_from": entries}))
    return Shops(data, project / "data" / "profiles" / "north.toml", project)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:Using variable_values:DeprecationWarning")
def test_the_pages_show_a_night_of_one_shop_as_that_shops(shops: Shops, tmp_path: Path) -> None:
    switches = {"RECSYS_DATA": str(shops.data), "DAGSTER_HOME": str(shops.data / ".dagster")}
    recsys(shops.project, "night", LAST, "--rebuild", RECSYS_PROFILE="north", **switches)
    with dagster_dev(
        shops,
        tmp_path / "dagster.log",
        daemon=False,
        workspace=shops.project / "several.yaml",
        locations=("north", "south"),
    ) as port:
        nodes = ask(port, MATERIALIZED)["assetsOrError"]["nodes"]
        made = {tuple(node["key"]["path"]): node["assetMaterializations"] for node in nodes}
        assert made["north", "clean", "events"] == [{"partition": str(LAST)}]
        assert {path[0] for path, materializations in made.items() if materializations} == {"north"}
        if chromium.find() is not None:
            with browser(f"http://127.0.0.1:{port}", tmp_path / "browser") as page:
                page.open("/assets/north/clean/events", "Row count", str(LAST))
                page.open("/assets/south/clean/events", "events", "south")
                assert "Row count" not in page.text
