-- Examples of rejected rows that were known on this night, a thousand at most: of each reason the newest, so that none
-- crowds out another. meta.reject_counts counts them all.
with examples as (
    select
        visible_night,
        file,
        table_name,
        unnest(rejects, recursive := true)
    from clean.deliveries
),

spread as (
    select
        *,
        row_number() over (
            partition by table_name, column_name, reason order by visible_night desc, file, row_number, delivered
        ) as place
    from (select * exclude (examples), unnest(examples, recursive := true) from examples)
)

select file, row_number, table_name, column_name, reason, delivered
from spread
qualify row_number() over (order by place, table_name, column_name, reason, file, row_number, delivered) <= 1000
order by table_name, column_name, reason, file, row_number, delivered
