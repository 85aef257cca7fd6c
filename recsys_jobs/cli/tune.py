"""``recsys tune``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from recsys_assets.storage.studies import keep_picture, studies_folder
from recsys_assets.tuning_settings import seconds_of
from recsys_jobs.cli.console import Table
from recsys_jobs.cli.context import Context, NightOption

if TYPE_CHECKING:
    from recsys_jobs.cli.console import Console
    from recsys_jobs.tuning.tuning import Tuned

N_TRIALS = 50
"""Trials of an algorithm where neither trials nor a budget are given."""


def _seconds(budget: str) -> float:
    try:
        return seconds_of(budget)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def tune(
    ctx: typer.Context,
    algorithm: Annotated[
        list[str] | None, typer.Option("--algorithm", help="Algorithm of the profile; may be given several times.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All algorithms of the profile that can be tuned.")] = False,
    trials: Annotated[
        int | None, typer.Option(min=2, help=f"Trials of each algorithm (default: {N_TRIALS}, without a budget).")
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(parser=_seconds, metavar="TIME", help="Time for all of them together, e.g. 10m, in equal shares."),
    ] = None,
    setting: Annotated[
        str, typer.Option(help="Look for this one alone, evenly over its range: a sweep, such as --setting alpha.")
    ] = "",
    night: NightOption = None,
) -> None:
    """Look for better settings on earlier nights, and say what they gain on a night that was held out.

    Nights after this one use what is better there. Settings written in the profile stand. What was killed goes on where
    it ended.
    """
    if bool(algorithm) == every:
        raise typer.BadParameter("Name algorithms with --algorithm, or take --all of them.")
    context = ctx.ensure_object(Context)
    profile, console = context.profile, context.console
    of = context.built_night(night)
    from recsys_jobs.tuning.tuning import tunable, tune  # They load Dagster's neighbours.

    names = list(dict.fromkeys(algorithm or tunable(profile)))
    n_trials = trials if trials or budget else N_TRIALS
    columns = (TextColumn("{task.description}", markup=False), BarColumn(20), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[said]}", markup=False), console=console) as bars:
        reading = bars.add_task("earlier nights", total=None, said="reading")
        shown: dict[str, Any] = {}

        def tell(name: str, n_done: int, best: float) -> None:
            bars.update(reading, total=1, completed=1, said="read")
            if name not in shown:
                shown[name] = bars.add_task(name, total=n_trials, said="")
            bars.update(shown[name], completed=n_done, said=f"{n_done} trials, best {best - 1:+.1%}")

        done = tune(profile, of, names, tell, n_trials=n_trials, seconds=budget, setting=setting)
    _print_gains(console, done)
    for each in done:
        keep_picture(profile, of, each.algorithm, each.drawn())
    console.print(f"Trials over each setting, as pictures: {studies_folder(profile, of)}", soft_wrap=True)
    adopted = [each.algorithm for each in done if each.is_adopted]
    if adopted:
        console.print(f"Nights after {of} use what was learned of {', '.join(adopted)}.", soft_wrap=True)
    else:
        console.print("Nothing did better beyond chance than the settings before, which stand.")


def _print_gains(console: Console, done: list[Tuned]) -> None:
    """NDCG@10 on the night held out, with the settings there were and with the tuned ones."""
    table = Table(
        *("algorithm", "task", "before", "tuned", "difference (95% interval)", "p", "users", "trials", "adopted"),
        title="NDCG@10 on the night that was held out: no trial saw it",
    )
    for each in done:
        for gain in each.gains:
            table.add_row(
                each.algorithm,
                gain.task,
                f"{gain.held_out_default:.4f}",
                f"{gain.held_out_tuned:.4f}",
                f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})",
                f"{gain.p:.3f}",
                f"{gain.n_users:,}",
                str(len(each.trials)),
                "yes" if each.is_adopted else "no",
            )
    console.print(table)
    for each in done:
        told = ", ".join(f"{name} {value}" for name, value in each.settings.items())
        console.print(f"  {each.algorithm}: {told if each.is_adopted else 'as before'}", soft_wrap=True)
