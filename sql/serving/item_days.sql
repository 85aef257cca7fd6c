-- Events of an item by UTC day, as far as the histories of users that the release holds tell of them.
select event_ts::date as day, event_type, count(*) as n_events, count(distinct user_id) as n_users
from serving.history
where item_id = $item_id
group by event_ts::date, event_type
order by day, event_type
