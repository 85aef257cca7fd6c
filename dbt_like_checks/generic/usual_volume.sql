-- config: {severity: warn}
-- rows: (select pattern from this.deliveries where arrived_at >= newest - to_days(7 * {weeks}) group by pattern having count(distinct arrived_at::date) > {deliveries})
-- The files that came on the newest day of a delivery have as many rows as is usual: between the least but one and
-- the most but one of the last weeks, either way off by a factor. A delivery with few days is not looked at.
-- remedy: Look at the newest files: a part may be missing, or come twice. Ask for what is missing, or raise `times` of this
-- check in dbt_like_checks/raw.yml if such days are usual.
with recent as (
    select *
    from this.deliveries
    where arrived_at >= newest - to_days(7 * {weeks})
),

usual as (
    select
        pattern,
        list(n_rows order by n_rows)[2] as usual_least,
        list(n_rows order by n_rows)[-2] as usual_most
    from recent
    where not is_newest
    group by pattern
    having count(distinct arrived_at::date) >= {deliveries}
)

select
    recent.pattern as delivery,
    recent.name,
    recent.n_rows,
    usual.usual_least,
    usual.usual_most
from recent
inner join usual on usual.pattern = recent.pattern
where
    recent.is_newest
    and (recent.n_rows * {times} < usual.usual_least or recent.n_rows > usual.usual_most * {times})
