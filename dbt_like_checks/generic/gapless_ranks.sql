-- In every list the column counts 1, 2, 3 and so on; the failing row shows a list.
select
    {within},
    count(*) as n_rows,
    count(distinct {column_name}) as n_ranks,
    min({column_name}) as first_rank,
    max({column_name}) as last_rank
from {model}
group by {within}
having first_rank <> 1 or last_rank <> n_rows or n_ranks <> n_rows
