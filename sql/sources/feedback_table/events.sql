-- One row an event as POST /v1/events of `recsys serve` delivers it, see docs/serving.md; files of the same columns do as
-- well. An event_id counts once, whatever else its rows say. Times say when it happened, with an offset or in UTC; value is
-- what the line cost in total. Numbers have a decimal point.
select
    lines.landed_id,
    visible_text(lines.event_id) as delivered_id,
    canonical_id(lines.user) as user_id,
    canonical_id(lines.item) as item_id,
    coalesce(instant_with_offset(lines.time), time_without_offset(lines.time)) as event_ts,
    lower(trim(lines.event)) as event_type,
    read_number(lines.quantity, '.') as quantity,
    read_number(lines.value, '.') as value,
    read_number(lines.rating, '.') as rating,
    canonical_id(lines.basket) as basket_id,
    canonical_id(lines.session) as session_id,
    visible_text(lines.device) as device,
    visible_text(lines.os) as os,
    visible_text(lines.country) as country,
    visible_text(lines.region) as region,
    visible_text(lines.store) as store,
    case
        when unread_number(lines.quantity, '.') is not null then 'quantity'
        when read_number(lines.quantity, '.') <= 0 then 'quantity'
        when unread_number(lines.value, '.') is not null then 'value'
        when unread_number(lines.rating, '.') is not null then 'rating'
    end as reject_column,
    coalesce(
        unread_number(lines.quantity, '.'),
        case when read_number(lines.quantity, '.') <= 0 then 'quantity is not above zero' end,
        unread_number(lines.value, '.'),
        unread_number(lines.rating, '.')
    ) as reject_reason
from raw.events as lines
