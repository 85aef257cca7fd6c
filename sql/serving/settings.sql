-- The settings that the release's own night was built with, as JSON.
select settings
from meta.nights
order by night desc
limit 1
