"""The picture of grades: every list in every panel, also where it was not graded each night."""

from datetime import date, timedelta

import numpy as np
import pytest
from matplotlib import image

from recsys_assets.evaluation.plots import N_NAMED, grades_over_nights


def rows(n_nights, *names, task="next"):
    nights = [date(2020, 3, 1) + timedelta(days=7 * i) for i in range(n_nights)]
    return [
        {"night": night, "task": task, "algorithm": name, "mean": 0.2, "low": 0.1, "high": 0.4}
        for night in nights
        for name in names
    ]


def colours(picture, tmp_path):
    file = tmp_path / "picture.png"
    file.write_bytes(picture)
    pixels = image.imread(file)[..., :3]
    return {tuple(colour) for colour in np.unique((pixels.reshape(-1, 3) * 255).astype(int), axis=0)}, pixels.shape


@pytest.mark.parametrize("n_nights", [1, 2, 40])
def test_every_list_is_drawn_in_its_colour(tmp_path, n_nights):
    drawn_colours, (_, width, _) = colours(grades_over_nights(rows(n_nights, "als", "knn", "published")), tmp_path)
    assert {(31, 119, 180), (255, 127, 14), (0, 0, 0)} <= drawn_colours  # They are C0, C1, and black for published.
    both = rows(n_nights, "als", "published") + rows(n_nights, "knn", task="discovery")
    assert colours(grades_over_nights(both), tmp_path)[1][1] == 2 * width


def test_of_many_lists_the_best_have_colours_and_the_others_are_grey(tmp_path):
    names = [f"list {place}" for place in range(N_NAMED + 1)]
    means = {name: 0.15 + 0.03 * place for place, name in enumerate([*names, "published"])}
    drawn = [row | {"mean": means[row["algorithm"]]} for row in rows(2, *means)]
    n_grey = {}
    for worst in (0, 1):
        of_lists = [row for row in drawn if row["algorithm"] != "list 0" or worst == 0]
        file = tmp_path / f"{worst}.png"
        file.write_bytes(grades_over_nights(of_lists))
        pixels = (image.imread(file)[..., :3].reshape(-1, 3) * 255).astype(int)
        assert {(31, 119, 180), (140, 86, 75), (0, 0, 0)} <= set(map(tuple, pixels))  # They are C0 and C5, the sixth.
        n_grey[worst] = (pixels == 211).all(axis=1).sum()
    assert n_grey[0] > n_grey[1] + 100  # Letters have some of this grey, too.


def test_bounds_beyond_the_mean_by_the_last_bit_are_drawn(tmp_path):
    low = [row | {"low": np.nextafter(0.2, 1), "high": np.nextafter(0.2, 0)} for row in rows(2, "published")]
    assert (0, 0, 0) in colours(grades_over_nights(low), tmp_path)[0]
