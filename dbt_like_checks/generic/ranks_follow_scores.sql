-- In every list ranks count 1, 2, 3 and so on, and scores never grow from one rank to the next.
select *
from {model}
qualify {column_name} is distinct from row_number() over (partition by {within} order by {score} desc, {column_name})
