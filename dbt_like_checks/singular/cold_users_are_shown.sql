-- table: grades.summary
-- config: {tags: [leakage]}
-- Beside each mean stands how many users it is over, and the share of them that the graded night did not know.
-- remedy: Look at sql/grades/shared/cold_shares.sql and at the step that sums grades up: counts and shares must be of
-- all graded users. Mend it and build the night again.
with graded as (
    select
        task,
        count(*) as n_users,
        count(*) filter (where is_cold_user) / count(*) as cold_user_share
    from grades.users
    group by task
)

select summary.task, summary.algorithm, summary.k, summary.metric, summary.n_users, graded.n_users as n_graded
from grades.summary as summary
left join graded on graded.task = summary.task
where
    summary.n_users is distinct from graded.n_users
    or coalesce(abs(summary.cold_user_share - graded.cold_user_share) > 1e-12, graded.n_users is not null)
