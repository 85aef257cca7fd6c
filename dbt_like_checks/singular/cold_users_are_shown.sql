-- table: grades.summary
-- config: {tags: [leakage]}
-- Beside each mean stands how many users it is over, known to the graded night or not, and the share of all graded users
-- that it did not know.
-- remedy: Look at sql/grades/shared/cold_shares.sql and at the step that sums grades up: counts and shares must be of
-- all graded users. Mend it and build the night again.
with graded as (
    select
        task,
        case when is_cold_user then 'unknown' else 'known' end as users,
        count(*) as n_users
    from grades.users
    group by task, is_cold_user
),

shares as (
    select task, count(*) filter (where is_cold_user) / count(*) as cold_user_share
    from grades.users
    group by task
)

select summary.task, summary.users, summary.algorithm, summary.k, summary.metric, summary.n_users, graded.n_users as n_graded
from grades.summary as summary
left join graded on graded.task = summary.task and graded.users = summary.users
left join shares on shares.task = summary.task
where
    summary.n_users is distinct from graded.n_users
    or coalesce(abs(summary.cold_user_share - shares.cold_user_share) > 1e-12, graded.n_users is not null)
