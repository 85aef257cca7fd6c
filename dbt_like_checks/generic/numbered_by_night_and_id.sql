-- config: {tags: [leakage]}
-- Keys count 0, 1, 2 and so on in the order of visible night and id, over all nights up to this one.
-- remedy: Keys are given once and never again, so a clean partition was lost, written twice or changed by hand. Look at
-- the nights of the table in the lake. Put back what is missing from a backup, or delete the clean partitions from the
-- first wrong night on and build the nights again.
select *
from (
    select *, row_number() over (order by visible_night, {by}) - 1 as expected
    from {table}
)
where {column_name} <> expected
