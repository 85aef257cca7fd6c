-- One row an event, for files with the columns user, item, time, event, quantity and value: `recsys init` writes the
-- like for any other file. Times say when it happened, with an offset or in UTC; value is what the line cost in total.
select
    lines.landed_id,
    lines.user as user_id,
    lines.item as item_id,
    coalesce(instant_with_offset(lines.time), time_without_offset(lines.time)) as event_ts,
    lower(trim(lines.event)) as event_type,
    lines.quantity,
    lines.value,
    case when try_cast(lines.quantity as double) <= 0 then 'quantity' end as reject_column,
    case when try_cast(lines.quantity as double) <= 0 then 'quantity is not above zero' end as reject_reason
from raw.events as lines
