-- table: grades.published
-- config: {tags: [leakage]}
-- Each mean is over everybody who is graded: who got no list, or was not yet known, counts with what was served.
-- remedy: Users are missing from a mean, which makes it too good. Look at sql/grades/judged_published.sql and at the
-- step of grades: who got no list counts with what was served. Mend it and build the night again.
with graded as (
    select task, count(*) as n_users
    from grades.users
    group by task
)

select lists.task, lists.algorithm, lists.k, count(*) as n_users, graded.n_users as n_graded
from grades.published as lists
left join graded on graded.task = lists.task
group by lists.task, lists.algorithm, lists.k, graded.n_users
having coalesce(count(*) <> graded.n_users, true)
