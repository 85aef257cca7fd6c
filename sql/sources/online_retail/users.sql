-- The country comes with each purchase.
select
    lines.landed_id,
    canonical_id(lines.CustomerID) as user_id,
    coalesce(
        try_cast(lines.InvoiceDate as timestamp), try_strptime(lines.InvoiceDate::varchar, '%m/%d/%Y %H:%M')
    ) as known_from,
    lines.Country as country
from raw.lines as lines
where lines.InvoiceNo::varchar not like 'C%'
