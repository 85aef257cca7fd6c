-- What people and programs call, in DuckDB 1.4, 1.5 and 2.0. Where the file is attached rather than opened: `use` it first.

-- An id as one may have it at hand, in the forms that a release may know it by; landing reads ids by the same rules, which
-- sql/landing/macros.sql tells. Zero-width and other invisible characters and white space around it do not count.
create or replace macro serving.visible_text(u) as case
    when regexp_full_match(u::varchar, '[!-~¡-¬®-ɏ\p{Sc}]+( [!-~¡-¬®-ɏ\p{Sc}]+)*') then u::varchar
    else nullif(
        trim(
            nfc_normalize(
                regexp_replace(
                    regexp_replace(
                        if(
                            regexp_matches(u::varchar, '[0-9A-Za-z]'),
                            translate(u::varchar, chr(8204) || chr(8205), ''),
                            u::varchar
                        ),
                        '[\s\v\x{85}\p{Z}]',
                        ' ',
                        'g'
                    ),
                    '[\p{Cc}\x{AD}\x{34F}\x{61C}\x{180E}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}'
                    || '\x{2060}-\x{206F}\x{FEFF}]',
                    '',
                    'g'
                )
            )
        ),
        ''
    )
end;

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

-- serving.recommend('1234'), serving.recommend(1234, k := 5, task := 'discovery'): the first k of a user's list.
-- Without a task: next where the release has it, else its only one. A task that the release does not have is an error that
-- names those it has. Unknown ids get what is trending, each item with the score that it has in a known user's list of
-- what is trending.
create or replace macro serving.recommend(u, k := 10, task := null) as table
with asked as materialized (
    select
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

-- The table is sorted by the id, so that equal to one it is not read whole.
known as (
    select r.task, r.rank, r.item_id, r.title, r.category, r.score, r.reason, r.reason_text
    from serving.recommendations as r
    where r.user_id = serving.visible_text(u) and r.task = (select asked.task from asked)
    union all
    select r.task, r.rank, r.item_id, r.title, r.category, r.score, r.reason, r.reason_text
    from serving.recommendations as r
    where
        serving.canonical_id(u) <> serving.visible_text(u)
        and r.user_id = serving.canonical_id(u)
        and r.task = (select asked.task from asked)
        and not exists (select 1 from serving.users as s where s.user_id = serving.visible_text(u))
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
    where
        t.scope = 'all'
        and not exists (select 1 from serving.users as s where s.user_id = serving.visible_text(u))
        and not exists (select 1 from serving.users as s where s.user_id = serving.canonical_id(u))
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
    s.item_id = (
        select i.item_id
        from serving.similar_items as i
        where i.item_id in (serving.visible_text(item), serving.canonical_id(item))
        order by i.item_id <> serving.visible_text(item)
        limit 1
    )
    and s.rank <= case when k < 0 then error('k is how many items you want: 0 or more') else k end
order by s.rank;
