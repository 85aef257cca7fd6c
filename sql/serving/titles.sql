-- Titles of items whose ids are given, with commas between them as JSON.
select item_id, title, category, price
from serving.items
where list_contains(from_json($items, '["varchar"]'), item_id)
order by item_id
