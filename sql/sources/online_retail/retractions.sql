-- Cancelled invoice lines: quantities are negative, and nothing says which purchase they take back.
with lines as (
    select
        landed_id,
        canonical_id(CustomerID) as user_id,
        canonical_id(StockCode) as item_id,
        coalesce(try_cast(InvoiceDate as timestamp), try_strptime(InvoiceDate::varchar, '%m/%d/%Y %H:%M')) as event_ts,
        -try_cast(Quantity as double) as quantity,
        InvoiceNo::varchar as basket_id
    from raw.lines
)

select
    *,
    case
        when user_id is null then 'CustomerID'
        when not regexp_matches(item_id, '^([0-9]{5}[A-Za-z]*|DCGS.*)$') then 'StockCode'
    end as reject_column,
    case
        when user_id is null then 'no customer'
        when not regexp_matches(item_id, '^([0-9]{5}[A-Za-z]*|DCGS.*)$') then 'not a product: ' || item_id
    end as reject_reason
from lines
where basket_id like 'C%'
