-- Over which window what is trending is counted, chosen by the grades of users whom the graded nights did not know: all of
-- them are served what is trending. One row a window that was graded so far, and the usual one of 7 days always.
-- ndcg: mean NDCG@10 over user-nights; null before any. difference: to the usual window, on the same user-nights.
-- shrunk_difference: the same, as though 100 user-nights more had graded every other window .01 below the usual one, so that
-- few user-nights change nothing. is_chosen: the greatest of these; of equal ones the nearest to the usual.
with graded as (
    select night, user_key, algorithm::integer as window_days, ndcg
    from past.grades.trending
    where k = 10
),

differences as (
    select graded.window_days, graded.night, graded.ndcg, graded.ndcg - usual.ndcg as difference
    from graded
    inner join graded as usual
        on usual.night = graded.night and usual.user_key = graded.user_key and usual.window_days = 7
),

windows as (
    select
        window_days,
        exact_avg(ndcg) as ndcg,
        exact_avg(difference) as difference,
        exact_sum(difference) as gained,
        count(distinct night)::integer as n_nights,
        count(*)::integer as n_user_nights
    from differences
    group by window_days
    union all
    select 7 as window_days, null as ndcg, null as difference, 0 as gained, 0 as n_nights, 0 as n_user_nights
    from this.night
    where not exists (select 1 from differences)
),

shrunk as (
    select
        *,
        case when window_days = 7 then 0 else (gained - 100 * 0.01) / (n_user_nights + 100) end as shrunk_difference
    from windows
)

select
    window_days,
    ndcg,
    difference,
    shrunk_difference::double as shrunk_difference,
    n_nights,
    n_user_nights,
    row_number() over (order by shrunk_difference desc, abs(window_days - 7), window_days) = 1 as is_chosen
from shrunk
order by window_days
