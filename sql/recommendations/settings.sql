-- The settings that the night was built with, one row: the profile as JSON (what people chose), and its hash.
-- Settings that decide nothing about the tables (title, where files lie, how much is done at once) are left out.
select
    night.night as settings_night,
    profile.fingerprint as profile_hash,
    profile.settings
from this.profile as profile
cross join this.night as night
order by settings_night
