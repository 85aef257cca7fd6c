-- In every list ranks count 1, 2, 3 and so on, and scores never grow from one rank to the next.
-- remedy: Look at the lists of the failing rows: two rows with one rank, a gap, or a score that is not a number. Mend
-- the `order by` of the SQL, or the step, that ranks them (ties break on the item id), and build the night again.
select *
from {model}
qualify {column_name} is distinct from row_number() over (partition by {within} order by {score} desc, {column_name})
