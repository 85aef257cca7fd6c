-- Every user's grades of every night so far at the cuts in $cuts, with what pooling asks of the night. users: known or
-- unknown, whether the graded night knew the user. group: nights of one group graded the same lists of such users by the same
-- metrics (of $metrics), so their sums may be compared as a whole. n_nights: nights of the group. is_rebuilt: whether the
-- list was not the one that was published.
-- Nights graded before lists for unknown users were alike say nothing of users: of these known users alone are pooled.
with marks as (
    select distinct
        night,
        task,
        coalesce(users, 'known') as users,
        algorithm || ' ' || status || ' ' || metric as mark
    from past.grades.summary
    where list_contains($metrics, metric)
),

signatures as (
    select night, task, users, string_agg(mark, ',' order by mark) as signature
    from marks
    group by night, task, users
),

nights as (
    select
        night,
        task,
        users,
        dense_rank() over (order by signature)::integer as "group",
        (count(*) over (partition by task, users, signature))::integer as n_nights
    from signatures
),

statuses as (
    select distinct night, task, algorithm, status <> 'published' as is_rebuilt
    from past.grades.summary
),

grades as (
    from past.grades.published
    union all by name
    from past.grades.candidates
)

select
    grades.*,
    nights.users,
    nights."group",
    nights.n_nights,
    statuses.is_rebuilt
from grades
inner join nights
    on
        nights.night = grades.night
        and nights.task = grades.task
        and nights.users = case when grades.is_cold_user then 'unknown' else 'known' end
inner join statuses
    on statuses.night = grades.night and statuses.task = grades.task and statuses.algorithm = grades.algorithm
where list_contains($cuts, grades.k)
