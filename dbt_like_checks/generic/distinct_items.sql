-- rows: packed.{table}
-- No list holds an item twice; for tables stored as a row a list.
-- remedy: The failing lists hold an item more than once, or none at all. Mend the step that makes the table, and build
-- the night again.
select *
from packed.{table}
where not coalesce(list_unique(items) = len(items), false)
