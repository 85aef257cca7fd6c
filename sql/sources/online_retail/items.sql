-- Descriptions and prices come with each purchase; where they change, the product has a new version.
select
    lines.landed_id,
    canonical_id(lines.StockCode) as item_id,
    coalesce(
        try_cast(lines.InvoiceDate as timestamp), try_strptime(lines.InvoiceDate::varchar, '%m/%d/%Y %H:%M')
    ) as known_from,
    nullif(trim(lines.Description), '') as title,
    try_cast(lines.UnitPrice as double) as price
from raw.lines as lines
where lines.InvoiceNo::varchar not like 'C%'
