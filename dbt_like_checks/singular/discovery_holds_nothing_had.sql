-- table: recommendations.lists
-- config: {tags: [leakage]}
-- Discovery lists hold nothing that the user has had in any event visible to the night.
-- remedy: The failing rows name user, item and when it was had. Look at sql/recommendations/lists.sql and at the
-- candidates of discovery: what the user had in any event must be left out. Mend it and build the night again.
select
    lists.user_key,
    lists.rank,
    lists.item_key,
    had.event_type,
    had.event_ts
from recommendations.lists as lists
inner join clean.interactions as had on had.user_key = lists.user_key and had.item_key = lists.item_key
where lists.task = 'discovery'
