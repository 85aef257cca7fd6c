-- Purchase lines of The Complete Journey. Times are naive in the delivery and taken as UTC, as delivered.
-- Fuel and the department MISCELLANEOUS (bottle deposits, till corrections) are no products.
select
    lines.landed_id,
    lines.household_id as user_id,
    lines.product_id as item_id,
    lines.transaction_timestamp as event_ts,
    'purchase' as event_type,
    lines.quantity,
    lines.sales_value as value,
    lines.basket_id,
    lines.store_id as store,
    case
        when try_cast(lines.quantity as double) <= 0 then 'quantity'
        when departments.department is not null then 'product_id'
    end as reject_column,
    case
        when try_cast(lines.quantity as double) <= 0 then 'quantity is not above zero'
        when departments.department is not null then 'not a product: department ' || departments.department
    end as reject_reason
from raw.transactions as lines
left join (
    select
        product_id,
        min(department) as department
    from raw.products
    where department in ('FUEL', 'MISCELLANEOUS')
    group by product_id
) as departments on departments.product_id = lines.product_id
