-- table: candidates.lists
-- config: {tags: [leakage]}
-- No algorithm proposes for discovery what the user has had in any event visible to the night.
-- remedy: Look at the algorithm of the table: its lists for discovery must be made with `exclude_seen`, over all events
-- up to the night, also those of weight 0. Mend it and build the night again.
select lists.user_key, lists.rank, lists.item_key
from candidates.lists as lists
semi join this.had as had on had.user_key = lists.user_key and had.item_key = lists.item_key
where lists.task = 'discovery'
