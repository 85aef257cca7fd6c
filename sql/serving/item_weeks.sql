-- What part of all events an item has by week, in thousandths, as far as the histories of users that the release holds tell.
-- Histories go back further for those who do little, so a count of events would seem to rise.
select
    date_trunc('week', event_ts)::date as week,
    count(*) filter (item_id = $item_id) as n_events,
    count(*) as n_all,
    1000 * n_events / n_all as per_thousand
from serving.history
group by date_trunc('week', event_ts)::date
having count(*) >= 100
order by week
