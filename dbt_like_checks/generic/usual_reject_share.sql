-- config: {severity: warn}
-- Of the files that came on the newest day of a delivery no more rows are rejected than is usual: the highest share
-- but one of the last weeks, times a factor, and a hundredth; never more than the most. A delivery with few days is
-- held to the most alone.
-- remedy: Look at the rejected rows and their reasons (`recsys land` prints them, landing's ledger.rejects has them all).
-- Ask for the file anew, or mend the source's SELECT.
with recent as (
    select
        *,
        coalesce(n_rejected / nullif(n_rows, 0), 0) as share
    from this.deliveries
    where arrived_at >= newest - to_days(7 * {weeks})
),

usual as (
    select
        pattern,
        list(share order by share)[-2] as usual_share
    from recent
    where not is_newest
    group by pattern
    having count(distinct arrived_at::date) >= {deliveries}
)

select
    recent.pattern as delivery,
    recent.name,
    recent.n_rejected,
    recent.n_rows,
    round(usual.usual_share, 4) as usual_share
from recent
left join usual on usual.pattern = recent.pattern
where
    recent.is_newest
    and (recent.share > {most} or coalesce(recent.share > {times} * usual.usual_share + 0.01, false))
