-- How far the confidence of published rows held, by the night that graded them: rows of each task in at most 20 bins by
-- confidence. predicted, observed: mean confidence, and the share that was taken within the horizon. brier, base_brier, ece: of
-- all rows of the task on that night.
select night, task, bin, n_rows, predicted, observed, brier, base_brier, ece
from past.grades.reliability
order by night, task, bin
