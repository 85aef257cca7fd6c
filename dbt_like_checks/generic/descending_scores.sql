-- In every list the column never grows from one rank to the next.
select *
from {model}
qualify {column_name} > lag({column_name}) over (partition by {within} order by rank)
