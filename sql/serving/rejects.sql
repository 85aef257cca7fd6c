-- Rejected rows: of one reason, or (null) of all.
select file, row_number, table_name, column_name, reason, delivered
from meta.rejects
where $reason is null or reason = $reason
order by file, row_number, column_name
limit $most::integer
