-- Attributes of the items that are looked at, in the version that the graded night saw.
select histories.item_key, versions.* exclude (item_key, landed_id, known_from, known_at, content, visible_night)
from made.histories as histories
cross join this.night as night
left join clean.item_versions as versions
    on versions.item_key = histories.item_key and versions.visible_night <= night.graded_night
where histories.entity = 'item'
qualify row_number() over (partition by histories.item_key order by versions.visible_night desc) = 1
order by histories.item_key
