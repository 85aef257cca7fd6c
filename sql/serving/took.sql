-- Which items users took in a span of time, and whether they had had each before, as far as the histories that the
-- release holds tell. users: their ids as a JSON list.
with told as (
    select user_id, item_id, event_ts, list_contains(string_split($kinds, ','), event_type) as weighs
    from serving.history
    where
        event_ts < $until::timestamp
        and user_id in (select unnest(from_json($users, '["varchar"]')))
)

select
    user_id,
    item_id,
    bool_or(event_ts < $since::timestamp) as had_before
from told
group by user_id, item_id
having bool_or(weighs and event_ts >= $since::timestamp)
order by user_id, item_id
