-- How far the confidence of published rows held, newest night first.
select night, bin, n_rows, predicted, observed, brier, base_brier, ece
from meta.reliability
where task = $task
order by night desc, bin
