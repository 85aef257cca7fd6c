-- How many rows were rejected, by table and reason.
select table_name, reason, n_rows
from meta.reject_counts
order by n_rows desc, table_name, reason
