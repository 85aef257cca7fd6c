-- The lists with places in place of ids, in order of task, user and rank.
-- evidence, n, days (in hundredths, of the age in single precision): 1 more than what they say, and 0 where a reason has
-- none.
-- said: reason, algorithm, and how it is put into words, with chr(31) between them: few, as figures are left out. Of a
-- reason that a sentence of meta.reason_templates tells that is its name, how many days less than the hundredths say its
-- age is, how many more before the night its day lies, and what it is about; of another, the template of its text.
-- What a release of an earlier version does not have is null.
-- template: in the text a mark for what the row says besides, chr(2) for the title of the item that the reason rests on,
-- chr(3) for how often, chr(4) for the whole days of its age in hundredths, chr(5) for one less, where these were rounded up to
-- a whole day; chr(1) before it says that it is one. Putting everything in again gives the very text, whatever the title.
with tasks as (
    select task, row_number() over (order by task <> 'next', task)::integer - 1 as place
    from meta.tasks
),

users as (
    select user_id, row_number() over (order by user_id)::integer - 1 as place
    from serving.users
),

items as (
    select item_id, coalesce(title, item_id) as title, row_number() over (order by item_id)::integer - 1 as place
    from serving.items
),

lists as (
    select
        *,
        floor(evidence_days)::bigint as whole_days,
        round_even(evidence_days::float::double * 100, 0)::bigint as hundredths,
        (hundredths // 100 - whole_days)::integer as rounded_up,
        coalesce(greatest(ceil(evidence_days)::bigint, 1) - greatest(ceil(hundredths / 100)::bigint, 1), 0) as days_more
    from (
        from serving.recommendations
        union all by name
        select null::double as confidence, null::varchar as reason_template, null::varchar as reason_about
        where false
    )
),

templates as (
    select
        lists.*,
        evidence.place as evidence_place,
        case
            when regexp_matches(lists.reason_text, '[\x01-\x05]') then lists.reason_text
            else
                chr(1) || replace(
                    replace(
                        replace(lists.reason_text, coalesce(nullif(evidence.title, ''), chr(1)), chr(2)),
                        ' ' || case when lists.rounded_up in (0, 1) then lists.whole_days else -1 end || ' days',
                        ' ' || case when lists.rounded_up = 1 then chr(5) else chr(4) end || ' days'
                    ),
                    ' ' || coalesce(lists.evidence_count, -1) || ' ',
                    ' ' || chr(3) || ' '
                )
        end as template
    from lists
    left join items as evidence on evidence.item_id = lists.evidence_item_id
)

select
    tasks.place as task,
    users.place as user_place,
    items.place as item,
    lists.score,
    lists.confidence,
    concat_ws(
        chr(31),
        lists.reason,
        coalesce(lists.reason_algorithm, ''),
        coalesce(lists.reason_template, ''),
        coalesce(lists.rounded_up, 0),
        lists.days_more,
        case when lists.reason_template is null then lists.template else coalesce(lists.reason_about, '') end
    ) as said,
    coalesce(lists.evidence_place + 1, 0)::integer as evidence,
    coalesce(lists.evidence_count::bigint + 1, 0) as n,
    coalesce(lists.hundredths + 1, 0) as days
from templates as lists
inner join tasks on tasks.task = lists.task
inner join users on users.user_id = lists.user_id
inner join items on items.item_id = lists.item_id
order by tasks.place, users.place, lists.rank
