-- rows: packed.{table}
-- In every list scores never grow from one place to the next, and each is a number; for tables stored as a row a list.
-- remedy: Look at the failing lists: two scores out of order, or one that is not a number. Mend the step that ranks them
-- (ties break on the item id), and build the night again.
select *
from packed.{table}
where
    not coalesce(
        scores = list_reverse_sort(scores) and isfinite(list_sum(scores)) and len(scores) = len(items), false
    )
