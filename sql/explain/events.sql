-- The user's events with the recommended item, or with the item its reason rests on, newest first.
select
    interactions.event_id::varchar as event_id,
    items.item_id,
    coalesce(items.title, items.item_id) as title,
    interactions.event_type,
    interactions.event_ts,
    interactions.quantity,
    interactions.visible_night
from clean.interactions as interactions
inner join clean.users as users on users.user_key = interactions.user_key
inner join clean.items as items on items.item_key = interactions.item_key
where
    users.user_id = $user_id
    and (
        items.item_id = $item_id
        or interactions.item_key in (
            select lists.evidence_item_key
            from recommendations.lists as lists
            inner join clean.items as listed on listed.item_key = lists.item_key
            where lists.user_key = interactions.user_key and listed.item_id = $item_id
        )
    )
order by interactions.event_ts desc, event_id
