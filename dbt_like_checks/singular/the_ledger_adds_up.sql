-- table: raw.each
-- Of each file as many rows landed and were rejected as the ledger says, and no row is of a file it does not know.
-- remedy: landing.duckdb was changed by something else than `recsys land`: the failing rows name files of which rows
-- are missing or too many. Put landing.duckdb back from the last backup and land what came since.
with landed as (
    select landed_file as file_id, count(*) as n_rows
    from raw.each
    group by landed_file
),

rejected as (
    select file_id, count(*) as n_rows
    from ledger.rejects
    group by file_id
),

files as (
    select *
    from ledger.files
    where 'raw.' || raw_table = 'raw.each'
)

select coalesce(files.file_id, landed.file_id) as file_id, files.name, files.rows_read, landed.n_rows, rejected.n_rows as n_rejected
from files
full join landed on landed.file_id = files.file_id
left join rejected on rejected.file_id = files.file_id
where
    files.file_id is null
    or files.rows_landed <> coalesce(landed.n_rows, 0)
    or files.rows_rejected <> coalesce(rejected.n_rows, 0)
    or files.rows_read <> files.rows_landed + files.rows_rejected
