-- Rejected rows by file, column and reason. Where reasons end with the value at fault, in quotes, example is one of them.
with told as (
    select
        file_id,
        column_name,
        row_number,
        regexp_replace(reason, '(?s): ''.*''$', '') as reason,
        nullif(regexp_extract(reason, '(?s): (''.*'')$', 1), '') as value
    from landing.ledger.rejects
)

select
    files.name,
    told.column_name,
    told.reason,
    count(*) as n_rows,
    min(told.row_number) as first_row,
    min(told.value) as example
from told
inner join landing.ledger.files as files on files.file_id = told.file_id
group by files.name, told.column_name, told.reason
order by n_rows desc, files.name, told.column_name, told.reason
