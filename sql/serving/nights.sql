-- The nights that were built up to this release's, newest first.
select night, cutoff, n_events, n_users, n_items
from meta.nights
order by night desc
