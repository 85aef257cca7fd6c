-- The condition holds in every row; where a null leaves it open, the row passes.
select *
from {model}
where not ({expression})
