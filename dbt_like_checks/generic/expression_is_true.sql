-- The condition holds in every row; where a null leaves it open, the row passes.
-- remedy: Look at the failing rows and at the condition in dbt_like_checks. Mend the SQL that makes the table, or the
-- condition where it asks too much, and build the night again.
select *
from {model}
where not ({expression})
