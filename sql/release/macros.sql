-- What people and programs call, in DuckDB 1.4, 1.5 and 2.0. Where the file is attached rather than opened: `use` it first.

-- serving.recommend('1234'), serving.recommend(1234, k := 5, task := 'discovery'): the first k of a user's list.
-- Without a task: next where the release has it, else its only one. A task that the release does not have is an error that
-- names those it has. Unknown ids get what is trending, each item with the score that it has in a known user's list of
-- what is trending.
create or replace macro serving.recommend(u, k := 10, task := null) as table
with asked as (
    select
        u::varchar as user_id,
        case
            when task::varchar not in (select m.task from meta.tasks as m)
                then error(
                    'There is no task ' || task::varchar || ' in this release. Its tasks: ' || (
                        select coalesce(string_agg(distinct m.task, ', ' order by m.task), 'none')
                        from meta.tasks as m
                    )
                )
            when k < 0 then error('k is how many items you want: 0 or more')
            else coalesce(
                task::varchar,
                (
                    select m.task
                    from meta.tasks as m
                    order by m.task <> 'next', m.task
                    limit 1
                )
            )
        end as task
),

known as (
    select r.task, r.rank, r.item_id, r.title, r.category, r.score, r.reason, r.reason_text
    from serving.recommendations as r
    where r.user_id = u::varchar and r.task = (select asked.task from asked)
),

unknown as (
    select
        asked.task,
        t.rank,
        t.item_id,
        t.title,
        t.category,
        cume_dist() over (order by t.score) as score,
        'trending' as reason,
        'trending now' as reason_text
    from serving.trending as t
    cross join asked
    where t.scope = 'all' and not exists (select 1 from serving.users as s where s.user_id = u::varchar)
)

select
    served.task,
    served.rank,
    served.item_id,
    served.title,
    served.category,
    served.score,
    served.reason,
    served.reason_text
from (from known union all from unknown) as served
where served.rank <= k
order by served.rank;

-- serving.similar('5678'), serving.similar(5678, k := 5): the first k items most like an item.
create or replace macro serving.similar(item, k := 10) as table
select s.rank, s.similar_item_id as item_id, s.title, s.category, s.score
from serving.similar_items as s
where
    s.item_id = item::varchar
    and s.rank <= case when k < 0 then error('k is how many items you want: 0 or more') else k end
order by s.rank;
