-- No two rows of a file have one number. Bits are set and counted: a group by all of the numbers takes seven times as long.
-- remedy: A file stands twice, or in part, in landing.duckdb: it was changed by something else than `recsys land`. Put
-- landing.duckdb back from the last backup and land what came since.
select
    landed_file,
    count(*) - bit_count(bitstring_agg({column_name})) as n_twice
from {model}
group by landed_file
having n_twice > 0
