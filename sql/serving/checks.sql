-- What the checks of the night found: first what failed, then what warned.
select table_name, check_name, outcome, is_blocking, n_failing, n_rows, threshold, description, remedy
from meta.checks
order by case outcome when 'error' then 0 when 'warn' then 1 else 2 end, table_name, check_name
