-- A user's last events, newest first, as far as the release holds them, with all that it says of them: those of earlier
-- versions do not say where an event was delivered.
select history.* exclude (user_id), items.title, items.category
from serving.history as history
left join serving.items as items on items.item_id = history.item_id
where history.user_id = $user_id
order by history.event_ts desc, history.item_id, history.event_type, history.rowid
