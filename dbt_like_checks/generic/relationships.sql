-- Every value of the column stands in a column of another table; nulls are left to not_null.
select child.*
from {model} as child
anti join {to} as parent on parent.{field} = child.{column_name}
where child.{column_name} is not null
