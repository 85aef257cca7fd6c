-- Macros over more of the release than its lists: what stands for or against any pair of a user and an item, and words in
-- the profile's first language. Loaded after macros.sql; what that says of calls holds here.

create or replace macro serving.trending_now() as (
    select coalesce(max(t.text), 'trending now')
    from meta.reason_templates as t
    where t.place = 0 and t.template = 'trending_now' and t.form = 'other'
);

-- serving.explain('1234', '5678'): all that the release can say of a user and an item, listed or not, a row a fact, the
-- weightiest first. What each fact is and which columns it has: docs/release.md, Explaining a pair.
create or replace macro serving.explain(u, item) as table
with asked as (
    select
        (
            select max(s.user_id)
            from serving.users as s
            where s.user_id in (serving.visible_text(u), serving.canonical_id(u))
        ) as user_id,
        (
            select max(i.item_id)
            from serving.items as i
            where i.item_id in (serving.visible_text(item), serving.canonical_id(item))
        ) as item_id,
        (select max(b.night) from meta.build as b) as night
),

-- How far down each ranking was published, and kept for servers.
depths as (
    select r.task, count(*) as n_listed, bool_or(r.item_id = asked.item_id) as is_listed
    from serving.recommendations as r
    inner join asked on asked.user_id = r.user_id
    group by r.task
),

below as (
    select
        d.task,
        len(d.items) as n_below,
        list_position(
            d.items,
            (select count(*) + 1 from serving.items as i inner join asked on i.item_id < asked.item_id)
        ) as place
    from serving.deeper_lists as d
    inner join asked on asked.user_id = d.user_id and asked.item_id is not null
),

taken as (
    select h.item_id, count(*) as n, (epoch(asked.night) + 86400 - epoch(max(h.event_ts))) / 86400 as days
    from serving.history as h
    inner join asked on asked.user_id = h.user_id
    group by h.item_id, asked.night
),

proposed as (
    select l.task, l.algorithm, list_position(l.items, asked.item_id) as rank
    from serving.algorithm_lists as l
    inner join asked on asked.user_id = l.user_id
    where list_contains(l.items, asked.item_id)
),

facts as (
    select
        1 as place, 'listed' as fact, r.task, r.rank, r.evidence_item_id as other_item_id, r.evidence_count as n,
        r.evidence_days as days, r.reason_text as said
    from serving.recommendations as r
    inner join asked on asked.user_id = r.user_id and asked.item_id = r.item_id
    union all
    select
        2, 'below', depths.task, depths.n_listed + below.place, null, depths.n_listed, null,
        'follows the published list, which ends at rank ' || depths.n_listed
    from depths
    inner join below on below.task = depths.task and below.place > 0
    where not depths.is_listed
    union all
    select
        3, 'not_listed', depths.task, null, null, depths.n_listed + coalesce(below.n_below, 0), null,
        case
            when depths.task = 'discovery' and taken.n is not null then 'discovery leaves out what the user has had'
            else 'not among the first ' || (depths.n_listed + coalesce(below.n_below, 0)) || ' of the ranking'
        end
    from depths
    cross join asked
    left join below on below.task = depths.task
    left join taken on taken.item_id = asked.item_id
    where asked.item_id is not null and not depths.is_listed and coalesce(below.place, 0) = 0
    union all
    select
        4, 'proposed', proposed.task, min(proposed.rank), null, count(*), null,
        string_agg(proposed.algorithm || ' ' || proposed.rank, ', ' order by proposed.rank, proposed.algorithm)
    from proposed
    group by proposed.task
    union all
    select
        5, 'not_proposed', lists.task, null, null, lists.n, null,
        'in the first 20 places of none of ' || lists.n || ' algorithms and rankings'
    from (
        select l.task, count(*) as n
        from serving.algorithm_lists as l
        inner join asked on asked.user_id = l.user_id and asked.item_id is not null
        group by l.task
    ) as lists
    anti join proposed on proposed.task = lists.task
    union all
    select
        6, 'had', null, null, taken.item_id, taken.n, taken.days,
        'among the last 200 events of the user'
    from taken
    inner join asked on asked.item_id = taken.item_id
    union all
    select *
    from (
        select
            7, 'goes_with_had', null, s.rank, s.item_id, taken.n, taken.days,
            'its similar items name this one at the rank given'
        from serving.similar_items as s
        inner join asked on asked.item_id = s.similar_item_id
        inner join taken on taken.item_id = s.item_id
        order by s.rank, s.item_id
        limit 3
    )
    union all
    select *
    from (
        select
            8, 'taken_with_had', null, null, c.item_id, c.n_together, taken.days,
            'so many baskets held both'
        from serving.co_purchases as c
        inner join asked on asked.item_id = c.other_item_id
        inner join taken on taken.item_id = c.item_id
        order by c.n_together desc, c.item_id
        limit 3
    )
    union all
    select
        9, 'trending', null, t.rank, null, null, null,
        t.scope
    from serving.trending as t
    inner join asked on asked.item_id = t.item_id
    inner join serving.items as i on i.item_id = t.item_id
    where t.scope in ('all', 'category:' || i.category, 'department:' || i.department)
    union all
    select
        10, 'item', null, null, i.item_id, i.n_buyers, i.recency_days,
        'so many people took it, last so many days ago'
    from serving.items as i
    inner join asked on asked.item_id = i.item_id
    union all
    select
        0, 'unknown_user', null, null, null, null, null,
        'the release does not know this user, who would get what is trending'
    from asked
    where asked.user_id is null
    union all
    select
        0, 'unknown_item', null, null, null, null, null,
        'the release does not know this item'
    from asked
    where asked.item_id is null
)

select
    facts.fact,
    facts.task,
    facts.rank::integer as rank,
    facts.other_item_id as item_id,
    i.title,
    facts.n::integer as n,
    facts.days,
    facts.said
from facts
left join serving.items as i on i.item_id = facts.other_item_id
order by facts.place, facts.task desc, facts.rank, facts.n desc, facts.said;
