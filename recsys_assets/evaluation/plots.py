"""Pictures of grades, and of what a ranking rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recsys_assets.evaluation.detectors.finding import Finding


N_NAMED = 6
"""Lists of a task that a picture of grades tells apart, beside the published ones: the best."""


def grades_over_nights(rows: list[dict[str, Any]]) -> bytes:
    """PNG of NDCG@10 over nights: one panel a task, one line a list, and its interval as a bar.

    The published lists are black, the `N_NAMED` best of any task have a colour in all, all others are grey lines.

    Parameters
    ----------
    rows : list of dict
        ``night, task, algorithm, mean, low, high``.
    """
    import io

    from matplotlib.figure import Figure

    tasks, nights_graded = sorted({row["task"] for row in rows}), sorted({row["night"] for row in rows})
    best = {name for task in tasks for name in _best([row for row in rows if row["task"] == task])}
    names = [*sorted({row["algorithm"] for row in rows} - best), *sorted(best - {"published"}), "published"]
    figure = Figure(figsize=(4.5 * len(tasks), 3.4), layout="constrained")
    for axes, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
        for place, name in enumerate(names):
            line = [row for row in rows if row["task"] == task and row["algorithm"] == name]
            days = [nights_graded.index(row["night"]) for row in line]
            means = [row["mean"] for row in line]
            if name not in best:
                axes.plot(days, means, color="lightgrey", linewidth=0.8, label="others" if line else None)
                continue
            # Bars stand beside each other, so that none hides another; in shares of the space between two nights.
            beside = 0.3 * ((place - len(names) + 1) / len(best) + 0.5)
            # Where all users are alike, a bound may lie beyond the mean by the last bit.
            below = [max(row["mean"] - row["low"], 0.0) for row in line]
            above = [max(row["high"] - row["mean"], 0.0) for row in line]
            style = {"marker": "o", "markersize": 3, "linewidth": 1, "elinewidth": 0.8, "label": name if line else None}
            behind = len(names) - 2 - place
            colour = "black" if name == "published" else f"C{behind % 10}"
            style |= {"linestyle": "--" if behind >= 10 else "-"}  # There are ten colours.
            axes.errorbar([day + beside for day in days], means, yerr=[below, above], color=colour, **style)
        axes.set(title=task, ylim=(0, None), ylabel="NDCG@10, 95% interval", xlabel="night that graded")
        every = -(len(nights_graded) // -7)  # At most seven dates are told: they are wide.
        shown = list(range(len(nights_graded)))[::every]
        axes.set_xticks(shown, [f"{nights_graded[place]:%m-%d}" for place in shown])
    both = [zip(*axes.get_legend_handles_labels(), strict=True) for axes in figure.axes]
    handles = {label: handle for pairs in both for handle, label in pairs}
    figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=min(len(handles), 6), fontsize=7
    )
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=90)
    return png.getvalue()


def _best(rows: list[dict[str, Any]]) -> list[str]:
    """The published lists, and those with the greatest mean over nights."""
    from statistics import fmean

    names = sorted({row["algorithm"] for row in rows} - {"published"})
    means = {name: fmean(row["mean"] for row in rows if row["algorithm"] == name) for name in names}
    return ["published", *sorted(names, key=lambda name: -means[name])[:N_NAMED]]


def reliability_figure(rows: list[dict[str, Any]]) -> bytes:
    """PNG of a reliability diagram: a panel a task, a dot a bin, on the diagonal where its confidence held.

    Both axes are square roots, as most rows have little confidence.

    Parameters
    ----------
    rows : list of dict
        ``task, n_rows, predicted, observed, brier, ece``; those of a task with its ``brier`` and ``ece``.
    """
    import io

    import numpy as np
    from matplotlib.figure import Figure

    tasks = sorted({row["task"] for row in rows})
    figure = Figure(figsize=(3.6 * len(tasks), 3.6), layout="constrained")
    for axes, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
        bins = [row for row in rows if row["task"] == task]
        most = max(max(row["predicted"], row["observed"]) for row in bins)
        end = min(1.0, 1.1 * most) if most > 0 else 1.0
        axes.plot([0, end], [0, end], color="lightgrey", linewidth=0.8)
        predicted, observed = ([row[name] for row in bins] for name in ("predicted", "observed"))
        axes.plot(predicted, observed, color="black", marker="o", markersize=4, linewidth=1)
        for axis in (axes.set_xscale, axes.set_yscale):
            axis("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
        axes.set(xlim=(0, end), ylim=(0, end), xlabel="confidence", ylabel="share that was taken")
        axes.set_title(f"{task}: Brier {bins[0]['brier']:.4f}, ECE {bins[0]['ece']:.4f}", fontsize=9)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=80)
    return png.getvalue()


def trials_over_settings(trials: list[dict[str, Any]]) -> bytes:
    """PNG of a study: NDCG@10 of every trial over each setting, one panel a setting and task; the best trial is red.

    Parameters
    ----------
    trials : list of dict
        ``settings`` (dict), ``ndcg`` (dict by task) and ``value``, which the best trial has most of; at least one.
    """
    import io

    from matplotlib.figure import Figure

    names, tasks = list(trials[0]["settings"]), list(trials[0]["ndcg"])
    best = max(range(len(trials)), key=lambda place: (trials[place]["value"], -place))
    figure = Figure(figsize=(max(2.6 * len(names), 4), 2.4 * len(tasks)), layout="constrained")
    for task, row in zip(tasks, figure.subplots(len(tasks), len(names), squeeze=False), strict=True):
        for name, axes in zip(names, row, strict=True):
            values, ndcg = [trial["settings"][name] for trial in trials], [trial["ndcg"][task] for trial in trials]
            if len(names) == 1 and not isinstance(values[0], str):
                axes.plot(*zip(*sorted(zip(values, ndcg, strict=True)), strict=True), color="lightgrey", linewidth=1)
            axes.scatter(values, ndcg, s=12, color="tab:blue")
            axes.scatter(values[best : best + 1], ndcg[best : best + 1], s=24, color="tab:red")
            axes.set_xlabel(name, fontsize=8)
            axes.tick_params(labelsize=7)
        row[0].set_ylabel(f"{task}: NDCG@10", fontsize=8)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=90)
    return png.getvalue()


def shap_summary(
    values: dict[str, NDArray[np.float64]], features: NDArray[np.float32], names: list[str], n_shown: int
) -> bytes:
    """PNG of SHAP values: a panel an objective, a line a feature, a dot a row, to the right where it raised the score.

    The features that move scores most stand on top; blue dots have low, red ones high values of the feature, grey
    ones none.

    Parameters
    ----------
    values : dict of str to ndarray of float64, shape (n_rows, n_features)
        By objective.
    features : ndarray of float32, shape (n_rows, n_features)
        What the rows hold; NaN where unknown.
    names : list of str, length n_features
    n_shown : int
        Features drawn.
    """
    import io

    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(values), 0.7 + 0.2 * n_shown), layout="constrained")
    spread = np.random.default_rng(0).uniform(-0.3, 0.3, len(features))
    ranks = np.argsort(np.argsort(np.where(np.isnan(features), np.inf, features), axis=0), axis=0)
    shades = ranks / np.maximum(np.isfinite(features).sum(axis=0), 1)
    for axes, (objective, moved) in zip(figure.subplots(1, len(values), squeeze=False)[0], values.items(), strict=True):
        strongest = np.argsort(-np.abs(moved).mean(axis=0), kind="stable")[:n_shown]
        lines = np.arange(len(strongest)) + spread[:, None]
        dots, shade = moved[:, strongest].ravel(), shades[:, strongest].ravel()
        known = np.isfinite(features[:, strongest]).ravel()
        axes.scatter(dots[~known], lines.ravel()[~known], s=1, color="lightgrey")
        axes.scatter(dots[known], lines.ravel()[known], s=1, c=shade[known], cmap="coolwarm", vmin=0, vmax=1)
        axes.set_yticks(range(len(strongest)), [names[feature] for feature in strongest], fontsize=6)
        axes.invert_yaxis()
        axes.axvline(0, color="black", linewidth=0.6)
        axes.set_title(objective, fontsize=8)
        axes.set_xlabel("SHAP value: what the feature adds to the score", fontsize=7)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=80)
    return png.getvalue()


def detectors_figure(found: list[Finding], weekly: NDArray[np.float64] | None) -> bytes:
    """PNG of what detectors saw: columns by what they say of before and after, features by how they part labels, hours.

    What is suspicious is red and bears its name.

    Parameters
    ----------
    found : list of Finding
    weekly : ndarray of float64, shape (n_weeks, 24), optional
        Users by week and hour of day, the newest week first.
    """
    import io

    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6))
    panels = figure.subplots(1, 3, gridspec_kw={"left": 0.06, "right": 0.98, "bottom": 0.15})
    for axes, detector in zip(panels, ("column_knows_the_future", "feature_separates_labels"), strict=False):
        dots = [f for f in found if f.detector == detector and f.value is not None and f.reference is not None]
        colours = ["tab:red" if dot.is_suspicious else "tab:blue" for dot in dots]
        axes.scatter([dot.reference for dot in dots], [dot.value for dot in dots], s=9, color=colours)
        for dot in dots:
            if dot.is_suspicious:
                axes.annotate(dot.subject.rpartition(".")[2], (dot.reference, dot.value), fontsize=6)
        axes.set_title(detector, fontsize=9)
    panels[0].set(xlabel="of the horizon before the cutoff", ylabel="of the horizon after it: partial rank correlation")
    panels[1].set(xlabel="area under the curve", ylabel="distance of taken and not taken", ylim=(0, 1.02))
    if weekly is not None:
        for counts, label in ((weekly[1:].sum(axis=0), "weeks before"), (weekly[0], "newest week")):
            if counts.any():
                panels[2].step(np.arange(24), counts / counts.sum(), where="mid", label=label)
                panels[2].legend(fontsize=7)
    panels[2].set_title("clock_is_off", fontsize=9)
    panels[2].set(xlabel="hour of day", ylabel="share of users by hours")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=80)
    return png.getvalue()
