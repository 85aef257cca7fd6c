-- Events by hour and kind, as visible to the night.
select hour, event_type, n_events
from meta.volume
order by hour, event_type
