-- Rejected rows by file, column and reason.
select
    files.name,
    rejects.column_name,
    rejects.reason,
    count(*) as n_rows,
    min(rejects.row_number) as first_row
from landing.ledger.rejects as rejects
inner join landing.ledger.files as files on files.file_id = rejects.file_id
group by all
order by n_rows desc, files.name, rejects.column_name, rejects.reason
