-- Every value of the column stands in a column of another table; nulls are left to not_null.
-- remedy: The failing rows hold a key that the other table does not have: a partition of that table was lost, or the
-- SQL makes keys of its own. Look at both tables of the night; build the other one first, or mend the SQL that joins
-- them.
select child.*
from {model} as child
anti join {to} as parent on parent.{field} = child.{column_name}
where child.{column_name} is not null
