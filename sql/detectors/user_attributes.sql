-- Attributes of the users that are looked at, in the version that the graded night saw.
select histories.user_key, versions.* exclude (user_key, landed_id, known_from, known_at, content, visible_night)
from made.histories as histories
cross join this.night as night
left join clean.user_versions as versions
    on versions.user_key = histories.user_key and versions.visible_night <= night.graded_night
where histories.entity = 'user'
qualify row_number() over (partition by histories.user_key order by versions.visible_night desc) = 1
order by histories.user_key
