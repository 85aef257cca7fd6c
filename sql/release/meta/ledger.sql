-- The files that were known on this night, and how much of each could be seen by then: a file of history that goes on
-- after it counts with its rows up to it. History has no arrival, since each of its rows was known when it happened.
-- n_rows, n_rejected: null where the file's rows have no time of their own, so that all rows would count those of later, too.
select
    file,
    table_name,
    min(arrived_at) as arrived_at,
    is_history,
    case
        when status = 'quarantined' then 'quarantined'
        when bool_or(is_superseded) then 'superseded'
        else 'landed'
    end as status,
    sum(n_rows::bigint)::bigint as n_rows,
    case when sum(n_rows::bigint) is not null or sum(n_rejected::bigint) > 0 then sum(n_rejected::bigint)::bigint end as n_rejected
from clean.deliveries
group by table_name, file, content, is_history, status
order by arrived_at, table_name, file, status, n_rows
