-- Who took an item in a span of time, as far as the histories of users that the release holds tell of it.
select distinct user_id
from serving.history
where
    item_id = $item_id and event_ts >= $since::timestamp and event_ts < $until::timestamp
    and list_contains(string_split($kinds, ','), event_type)
order by user_id
