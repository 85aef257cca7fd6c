-- How many rows were rejected for what, as far as this night knew of them.
with reasons as (
    select table_name, unnest(rejects, recursive := true)
    from clean.deliveries
)

select
    table_name,
    column_name,
    reason,
    sum(n_rows::bigint)::bigint as n_rows
from reasons
group by table_name, column_name, reason
order by table_name, column_name, reason
