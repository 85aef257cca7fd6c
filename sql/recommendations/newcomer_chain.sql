-- In which order of its parts the context of somebody unknown is gone through, and whether their list is spread over
-- categories: chosen by the grades of users whom the graded nights did not know. Who asks gets what is trending in the first
-- kind of scope of the chain for which they tell a value that has one. One row a kind: the usual ones, store, region,
-- country, device and os, all (everywhere, always last) and diverse always; attributes of users once they were graded.
-- ndcg: mean NDCG@10 over user-nights of users who told a value of the kind that had a scope; null before any. difference:
-- to what was trending everywhere, on the same user-nights.
-- shrunk_difference: the same, as though 100 user-nights more had graded a usual kind .01 above everywhere, and an attribute
-- or diverse lists .01 below it, so that few user-nights change nothing; diverse lists may cost .002, as they show more of the
-- shop. is_chosen: it is not below 0 (of what is not usual: above).
-- place: in the chain, null of what is not in it; by the difference, as though 100 user-nights more had graded each kind .01
-- below the one before it in the usual order, attributes after it.
with usual as (
    select
        unnest(['store', 'region', 'country', 'device', 'os']) as kind,
        unnest([1, 2, 3, 4, 5]) as usual_place
    from this.night
    union all
    select unnest(['all', 'diverse']) as kind, null as usual_place
    from this.night
),

graded as (
    select night, user_key, case when algorithm = 'all_diverse' then 'diverse' else algorithm end as kind, ndcg
    from past.grades.newcomers
    where k = 10 and algorithm <> 'preferences' and (algorithm = 'all_diverse' or not suffix(algorithm, '_diverse'))
),

differences as (
    select graded.kind, graded.night, graded.ndcg, graded.ndcg - everywhere.ndcg as difference
    from graded
    inner join graded as everywhere
        on everywhere.night = graded.night and everywhere.user_key = graded.user_key and everywhere.kind = 'all'
),

pooled as (
    select
        kind,
        exact_avg(ndcg) as ndcg,
        exact_avg(difference) as difference,
        exact_sum(difference) as gained,
        count(distinct night)::integer as n_nights,
        count(*)::integer as n_user_nights
    from differences
    group by kind
),

kinds as (
    select
        coalesce(usual.kind, pooled.kind) as kind,
        usual.usual_place,
        pooled.ndcg,
        pooled.difference,
        coalesce(pooled.gained, 0) as gained,
        coalesce(pooled.n_nights, 0) as n_nights,
        coalesce(pooled.n_user_nights, 0) as n_user_nights
    from usual
    full join pooled on pooled.kind = usual.kind
),

shrunk as (
    select
        *,
        case
            when kind = 'all' then 0
            when kind = 'diverse' then gained + 0.002 * n_user_nights - 100 * 0.01
            when usual_place is null then gained - 100 * 0.01
            else gained + 100 * 0.01
        end / (n_user_nights + 100) as shrunk_difference,
        (gained - 100 * 0.01 * coalesce(usual_place, 6)) / (n_user_nights + 100) as standing
    from kinds
),

chosen as (
    select
        *,
        kind = 'all' or shrunk_difference > 0 or (usual_place is not null and shrunk_difference = 0) as is_chosen
    from shrunk
)

select
    kind,
    case
        when is_chosen and kind <> 'diverse'
            then row_number() over (
                partition by is_chosen and kind <> 'diverse' order by kind = 'all', standing desc, kind
            )
    end::integer as place,
    is_chosen,
    ndcg,
    difference,
    shrunk_difference::double as shrunk_difference,
    n_nights,
    n_user_nights
from chosen
order by kind
