-- What people and programs call, in DuckDB 1.4, 1.5 and 2.0. Where the file is attached rather than opened: `use` it first.
--
-- What a call costs is planning, since so few rows are read: each function, subquery and join that a macro names is bound
-- again at each call. So a macro without parameters is a constant, whose value the release is written with, and an id is
-- looked up once, in all the forms that it may have.

-- White space of any kind, then what cannot be seen: controls, soft hyphens, marks of order and of direction, zero-width
-- characters; `\p{Z}` and `\p{Cc}` of Unicode and some of its `\p{Cf}`, in the order of their numbers.
create or replace macro serving.white_space() as (
    select string_agg(chr(c::integer), '' order by c)
    from (
        select unnest(range(9, 14) || [32, 133, 160, 5760] || range(8192, 8203) || [8232, 8233, 8239, 8287, 12288]) as c
    )
);

create or replace macro serving.unseen() as (
    select serving.white_space() || string_agg(chr(c::integer), '' order by c)
    from (
        select unnest(
            range(0, 9) || range(14, 32) || range(127, 133) || range(134, 160) || [173, 847, 1564, 6158]
            || [8203, 8206, 8207] || range(8234, 8239) || range(8288, 8304) || [65279]
        ) as c
    )
);

-- Zero-width joiners shape emoji and other scripts than Latin, and are nothing beside its letters and digits.
create or replace macro serving.unseen_in_latin() as serving.unseen() || chr(8204) || chr(8205);

create or replace macro serving.spaces() as repeat(' ', length(serving.white_space()));

-- An id as one may have it at hand, in the forms that a release may know it by; landing reads ids by the same rules, which
-- sql/landing/macros.sql tells. Zero-width and other invisible characters and white space around it do not count. What
-- `translate` finds no other character for is dropped.
create or replace macro serving.visible_text(u) as nullif(
    trim(
        nfc_normalize(
            translate(
                u::varchar,
                case
                    when u::varchar glob '*[0-9A-Za-z]*' then serving.unseen_in_latin()
                    else serving.unseen()
                end,
                serving.spaces()
            )
        )
    ),
    ''
);

-- Letters, digits and signs that East Asian keyboards write as wide as their characters, in their usual width.
create or replace macro serving.with_usual_width(u) as translate(
    u::varchar,
    '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～',
    '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~'
);

-- A whole number loses its point and zeros: 17012.0 is 17012.
create or replace macro serving.canonical_id(u) as regexp_replace(
    serving.with_usual_width(serving.visible_text(u)), '^(-?[0-9]+)[.]0+$', '\1'
);

-- The tasks of this release, and the one that is meant where none is named: next where the release has it, else its only one.
create or replace macro serving.tasks() as (
    select coalesce(list(distinct m.task order by m.task), [])
    from meta.tasks as m
);

create or replace macro serving.task_names() as (
    select coalesce(string_agg(distinct m.task, ', ' order by m.task), 'none')
    from meta.tasks as m
);

create or replace macro serving.default_task() as (
    select m.task
    from meta.tasks as m
    order by m.task <> 'next', m.task
    limit 1
);

-- What unknown ids are told; further_macros.sql says it in the profile's first language.
create or replace macro serving.trending_now() as 'trending now';

-- serving.recommend('1234'), serving.recommend(1234, k := 5, task := 'discovery'): the first k of a user's list.
-- Without a task: next where the release has it, else its only one. A task that the release does not have is an error that
-- names those it has. Unknown ids get what is trending, each item with the score that it has in a known user's list of
-- what is trending.
create or replace macro serving.recommend(u, k := 10, task := null) as table
-- Whose list it is: that of a space, which is no id, for whom nobody knows. (For '' DuckDB 1.4 and 1.5 read the whole table.)
-- The visible form of an id goes before its canonical one, and is the greater of the two: a prefix is less than the whole,
-- and ASCII less than any wide character.
with asked as (
    select
        coalesce(max(s.user_id), ' ') as user_id,
        case
            when not list_contains(serving.tasks(), task::varchar)
                then error(
                    'There is no task ' || task::varchar || ' in this release. Its tasks: ' || serving.task_names()
                )
            when k < 0 then error('k is how many items you want: 0 or more')
            else k
        end as k
    from serving.users as s
    where s.user_id in (serving.visible_text(u), serving.canonical_id(u))
)

select
    coalesce(task::varchar, serving.default_task()) as task,
    served.rank,
    served.item_id,
    served.title,
    served.category,
    served.score,
    served.reason,
    served.reason_text,
    served.confidence
from (
    select r.user_id, r.rank, r.item_id, r.title, r.category, r.score, r.reason, r.reason_text, r.confidence
    from serving.recommendations as r
    where r.task = coalesce(task::varchar, serving.default_task())
    union all
    select ' ', t.rank, t.item_id, t.title, t.category, t.share, 'trending', serving.trending_now(), null
    from serving.trending as t
    where t.scope = 'all'
) as served
inner join asked on asked.user_id = served.user_id
where served.rank <= asked.k
order by served.rank;

-- serving.similar('5678'), serving.similar(5678, k := 5): the first k items most like an item.
create or replace macro serving.similar(item, k := 10) as table
with asked as (
    select
        max(i.item_id) as item_id,
        case when k < 0 then error('k is how many items you want: 0 or more') else k end as k
    from serving.similar_items as i
    where i.item_id in (serving.visible_text(item), serving.canonical_id(item))
)

select s.rank, s.similar_item_id as item_id, s.title, s.category, s.score
from serving.similar_items as s
inner join asked on asked.item_id = s.item_id
where s.rank <= asked.k
order by s.rank;

-- serving.bundle('5678'), serving.bundle(5678, u := '1234', task := 'discovery', k := 3): what can be offered with an item as
-- one bundle, the strongest first. With a user those first whose other parts stand highest in the user's list of the task
-- (fit: the mean of their scores there, 0 for what it does not list), then the strongest; and in discovery none with a part
-- that the user's history holds. Without a task as serving.recommend. For an unknown user as without one.
create or replace macro serving.bundle(item, u := null, k := 5, task := null) as table
with asked as (
    select
        max(b.item_id) as item_id,
        case
            when not list_contains(serving.tasks(), task::varchar)
                then error(
                    'There is no task ' || task::varchar || ' in this release. Its tasks: ' || serving.task_names()
                )
            when k < 0 then error('k is how many bundles you want: 0 or more')
            else k
        end as k
    from serving.bundles as b
    where b.item_id in (serving.visible_text(item), serving.canonical_id(item))
),

person as (
    select coalesce(max(s.user_id), ' ') as user_id
    from serving.users as s
    where s.user_id in (serving.visible_text(u), serving.canonical_id(u))
),

offered as (
    select b.item_id, b.rank, b.items, b.n_together, b.support, b.confidence, b.lift, b.price, b.diversity
    from serving.bundles as b
    inner join asked on asked.item_id = b.item_id
),

parts as (
    select offered.rank, unnest(offered.items) as item_id, generate_subscripts(offered.items, 1) as n
    from offered
),

listed as (
    select r.item_id, r.score
    from serving.recommendations as r
    inner join person on person.user_id = r.user_id
    where r.task = coalesce(task::varchar, serving.default_task())
),

had as (
    select distinct h.item_id
    from serving.history as h
    inner join person on person.user_id = h.user_id
    where coalesce(task::varchar, serving.default_task()) = 'discovery'
),

fitting as (
    select
        parts.rank,
        list(i.title order by parts.n) as titles,
        sum(coalesce(listed.score, 0)) / count(*) as fit
    from parts
    left join serving.items as i on i.item_id = parts.item_id
    left join listed on listed.item_id = parts.item_id
    left join had on had.item_id = parts.item_id
    group by parts.rank
    having count(had.item_id) = 0
)

select
    row_number() over (order by fitting.fit desc, offered.rank) as rank,
    offered.items,
    fitting.titles,
    offered.n_together,
    offered.support,
    offered.confidence,
    offered.lift,
    offered.price,
    offered.diversity,
    case when person.user_id <> ' ' then fitting.fit end as fit
from offered
inner join fitting on fitting.rank = offered.rank
cross join asked
cross join person
qualify row_number() over (order by fitting.fit desc, offered.rank) <= asked.k
order by fitting.fit desc, offered.rank;

-- serving.moves(), serving.moves('category', k := 20, fdr := 1): what rises or falls beyond chance, the surest first. fdr: the
-- share of the rows that may be chance, at most.
create or replace macro serving.moves(kind := 'item', k := 10, fdr := .05) as table
with asked as (
    select
        case
            when kind not in ('item', 'category') then error('kind is item or category')
            else kind::varchar
        end as kind,
        case when k < 0 then error('k is how many rows you want: 0 or more') else k end as k
)

select
    m.rank, m.item_id, m.title, m.category, m.n_users, m.n_users_before, m.share, m.share_before, m.z, m.p, m.q
from serving.movements as m
inner join asked on asked.kind = m.kind
where m.rank <= asked.k and m.q <= fdr
order by m.rank;

-- serving.profile('1234'): what a user is like; no row for whom the release does not know.
create or replace macro serving.profile(u) as table
with asked as (
    select max(s.user_id) as user_id
    from serving.user_profiles as s
    where s.user_id in (serving.visible_text(u), serving.canonical_id(u))
)

select
    p.user_id, p.categories, p.price_level, p.value_per_basket, p.basket_size, p.repeat_share, p.new_share_28d,
    p.usual_gap_days, p.usual_weekday, p.usual_hour, p.store, p.segments
from serving.user_profiles as p
inner join asked on asked.user_id = p.user_id;
