-- The table partitions this release was made from: each with its night, the fingerprint of its content and its run.
select table_name, night, fingerprint, run_id
from this.inputs
order by table_name, night
