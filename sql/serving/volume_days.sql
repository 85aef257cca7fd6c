-- Events by UTC day and kind, as visible to the night.
select hour::date as day, event_type, sum(n_events::bigint)::bigint as n_events
from meta.volume
group by hour::date, event_type
order by day, event_type
