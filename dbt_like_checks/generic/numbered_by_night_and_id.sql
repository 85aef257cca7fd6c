-- config: {tags: [leakage]}
-- Keys count 0, 1, 2 and so on in the order of visible night and id, over all nights up to this one.
select *
from (
    select *, row_number() over (order by visible_night, {by}) - 1 as expected
    from {table}
)
where {column_name} <> expected
