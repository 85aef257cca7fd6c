-- Invoice lines of UCI Online Retail. Times are those of the shop's clock and taken as UTC, as delivered: either
-- 2010-12-01 08:26:00 or 12/1/2010 8:26. A customer delivered as 17850.0 is customer 17850.
-- Invoices whose number starts with C cancel purchases: see retractions.sql.
-- A product has a code of five digits and perhaps letters, or one that begins with DCGS. POST, DOT, C2 (carriage),
-- M (manual), D (discount), S (samples), BANK CHARGES, AMAZONFEE, CRUK, B (bad debt), PADS and gift_… are none.
with lines as (
    select
        landed_id,
        canonical_id(CustomerID) as user_id,
        canonical_id(StockCode) as item_id,
        coalesce(try_cast(InvoiceDate as timestamp), try_strptime(InvoiceDate::varchar, '%m/%d/%Y %H:%M')) as event_ts,
        Quantity as quantity,
        try_cast(UnitPrice as double) as price,
        InvoiceNo::varchar as basket_id,
        Country as country
    from raw.lines
)

select
    landed_id,
    user_id,
    item_id,
    event_ts,
    'purchase' as event_type,
    quantity,
    try_cast(quantity as double) * price as value,
    basket_id,
    country,
    case
        when user_id is null then 'CustomerID'
        when not regexp_matches(item_id, '^([0-9]{5}[A-Za-z]*|DCGS.*)$') then 'StockCode'
        when try_cast(quantity as double) <= 0 then 'Quantity'
        when coalesce(price, 0) <= 0 then 'UnitPrice'
    end as reject_column,
    case
        when user_id is null then 'no customer'
        when not regexp_matches(item_id, '^([0-9]{5}[A-Za-z]*|DCGS.*)$') then 'not a product: ' || item_id
        when try_cast(quantity as double) <= 0 then 'quantity is not above zero'
        when coalesce(price, 0) <= 0 then 'price is not above zero: given away'
    end as reject_reason
from lines
where basket_id not like 'C%'
