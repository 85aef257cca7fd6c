-- Every value lies between the bounds; NaN counts as greater than any number, nulls are left to not_null.
-- remedy: Look at the failing rows, and at the SQL that makes the column. If the values came so, reject them in the
-- source's SELECT (reject_column, reject_reason); if the SQL is wrong, mend it; if they are right, widen the bounds of
-- the check. Then build the night again.
select *
from {model}
where
    {column_name} < $min_value
    or {column_name} > $max_value
    or (not $inclusive and ({column_name} = $min_value or {column_name} = $max_value))
