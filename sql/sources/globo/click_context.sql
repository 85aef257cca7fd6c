-- What the portal noted of each click beside what clean.events has a column for; landed_id is the event's event_id.
-- session_start: UTC instant; session_size: clicks in the session, which is known only when it is over, so it is no
-- feature of a click. environment and referrer_type are codes.
select
    clicks.landed_id,
    instant_of_milliseconds(clicks.click_timestamp) as known_from,
    instant_of_milliseconds(clicks.session_start) as session_start,
    try_cast(clicks.session_size as integer) as session_size,
    clicks.click_environment as environment,
    clicks.click_referrer_type as referrer_type
from raw.clicks as clicks
