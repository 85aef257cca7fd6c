-- Rows of an extra table of the source that became visible with the night, with ids as delivered.
select * exclude (visible_night)
from landed.extra
order by landed_id
