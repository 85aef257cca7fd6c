-- The table partitions this release was made from: each with its night, the fingerprint of its content and its run.
-- schema_version: of the tables and macros of the whole release; docs/release.md says when it is raised.
select
    table_name,
    night,
    fingerprint,
    run_id,
    3 as schema_version
from this.inputs
order by table_name, night
