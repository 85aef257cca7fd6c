-- Members: what each told on joining, and again when it changed.
select
    members.landed_id,
    members.household_id as user_id,
    members.told_at as known_from,
    members.region
from raw.members as members
