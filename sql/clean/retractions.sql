-- What the night takes back: events of files that a corrected file replaces, and cancellations. A cancellation
-- retracts the latest earlier purchase of the same user and item that has quantity left.
with superseded as (
    select event_id, null::double as quantity, 'replaced by a corrected file' as reason, known_at
    from landed.superseded
)

select
    event_id,
    quantity,
    reason,
    known_at
from superseded
order by event_id
