-- Every value lies between the bounds; NaN counts as greater than any number, nulls are left to not_null.
select *
from {model}
where
    {column_name} < $min_value
    or {column_name} > $max_value
    or (not $inclusive and ({column_name} = $min_value or {column_name} = $max_value))
