"""MLflow's registered models: of each task one, whose versions are what nights decided to serve, and what came next.

What belongs here: versions, and the aliases ``champion`` and ``challenger``. No night asks for them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlflow.tracking import MlflowClient

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

CHAMPION, CHALLENGER = "champion", "challenger"


def contenders(decision: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The row of the champion of one task, and of the best of the others, by alias; the first by name of equals.

    Parameters
    ----------
    decision : list of dict
        Rows of ``recommendations.champions`` of a night and task. The champion so far has no difference to itself: 0.
    """

    def mean(row: Mapping[str, Any]) -> float:
        own = 0.0 if row["configuration"] == row["incumbent"] else float("-inf")
        return own if row["difference"] is None else float(row["difference"])

    ranked = sorted(decision, key=lambda row: (-mean(row), row["configuration"]))
    champion = next((row for row in ranked if row["is_champion"]), None)
    challenger = next((row for row in ranked if not row["is_champion"] and mean(row) > float("-inf")), None)
    return {alias: row for alias, row in ((CHAMPION, champion), (CHALLENGER, challenger)) if row is not None}


def register(
    client: MlflowClient,
    profile: Profile,
    night: Night,
    task: str,
    decision: list[dict[str, Any]],
    run_of: Callable[[str], str | None],
) -> dict[str, str]:
    """Tell MLflow what a night decided for a task: a version for each contender, which gets its alias.

    Telling it again changes nothing, and the aliases of a later night stay where they are.

    Parameters
    ----------
    run_of : callable
        Run of the model behind a configuration; None where there is none, as of the fusion.

    Returns
    -------
    dict of str to str
        Configuration by alias, of those whose alias is this night's now.
    """
    from mlflow.exceptions import MlflowException

    name = f"{profile.name}_{task}"
    with suppress(MlflowException):  # It is there.
        client.create_registered_model(name, description=f"What is served as {task!r}: versions are nights' decisions.")
    versions = client.search_model_versions(f"name = '{name}'")
    told, now = {(v.tags.get("night"), v.tags.get("configuration")): v.version for v in versions}, dict[str, str]()
    is_newest = all(version.tags.get("night", "") <= str(night) for version in versions)
    for alias, row in contenders(decision).items():
        configuration = row["configuration"]
        version = told.get((str(night), configuration))
        if version is None:
            facts = {key: row[key] for key in ("reason", "difference", "low", "high", "p_corrected", "n_user_nights")}
            tags = {key: str(value) for key, value in facts.items() if value is not None}
            tags |= {"night": str(night), "configuration": configuration}
            source = (profile.folder / "lake" / "recommendations" / "champions" / f"night={night}").as_uri()
            made = client.create_model_version(name, source, run_id=run_of(configuration), tags=tags)
            version = made.version
        if is_newest:
            client.set_registered_model_alias(name, alias, version)
            now[alias] = configuration
    if is_newest and CHALLENGER not in now:
        with suppress(MlflowException):  # There was none.
            client.delete_registered_model_alias(name, CHALLENGER)
    return now
