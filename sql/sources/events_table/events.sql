-- One row an event, for files with the columns user, item, time, event, quantity and value: `recsys init` writes the
-- like for any other file. Times say when it happened, with an offset or in UTC; value is what the line cost in total.
-- Numbers have a decimal point.
select
    lines.landed_id,
    canonical_id(lines.user) as user_id,
    canonical_id(lines.item) as item_id,
    coalesce(instant_with_offset(lines.time), time_without_offset(lines.time)) as event_ts,
    lower(trim(lines.event)) as event_type,
    read_number(lines.quantity, '.') as quantity,
    read_number(lines.value, '.') as value,
    case
        when unread_number(lines.quantity, '.') is not null then 'quantity'
        when read_number(lines.quantity, '.') <= 0 then 'quantity'
        when unread_number(lines.value, '.') is not null then 'value'
    end as reject_column,
    coalesce(
        unread_number(lines.quantity, '.'),
        case when read_number(lines.quantity, '.') <= 0 then 'quantity is not above zero' end,
        unread_number(lines.value, '.')
    ) as reject_reason
from raw.events as lines
