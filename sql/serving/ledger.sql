-- The files that were delivered, newest first; history, which has no arrival, last.
select file, table_name, arrived_at, is_history, status, n_rows, n_rejected
from meta.ledger
order by arrived_at desc nulls last, file, status
limit $most::integer
