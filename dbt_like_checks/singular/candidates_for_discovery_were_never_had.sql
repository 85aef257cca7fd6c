-- table: candidates.lists
-- config: {tags: [leakage]}
-- No algorithm proposes for discovery what the user has had in any event visible to the night.
select lists.user_key, lists.rank, lists.item_key
from candidates.lists as lists
semi join clean.interactions as had on had.user_key = lists.user_key and had.item_key = lists.item_key
where lists.task = 'discovery'
