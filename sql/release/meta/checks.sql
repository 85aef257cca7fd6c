-- What each check of the night's tables found that ended before the release was made, as it last ran.
select
    table_name,
    check_name,
    outcome,
    is_blocking,
    n_failing,
    n_rows,
    threshold,
    description,
    remedy
from made.checks
order by table_name, check_name
