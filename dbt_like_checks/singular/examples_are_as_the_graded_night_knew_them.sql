-- table: recommendations.examples
-- config: {tags: [leakage]}
-- Whatever made them, of 500 examples each number of the candidate, its user, its item and the two is the one that the
-- graded night wrote down, and no example has a column that no table of that night gave it.
-- remedy: A column in the failing rows was not taken from the graded night's tables, so it may tell the outcome. Look at
-- what recsys_assets/assets/steps/rerankers.py does to examples after sql/training/examples.sql. What is to be known of
-- an example is a table of sql/features/. Mend it and build the night again.
with chosen as (
    select *
    from recommendations.examples
    order by hash(user_key, item_key), task, user_key, item_key
    limit 500
),

documents as (
    select task, user_key, item_key, to_json(chosen) as document
    from chosen
),

named as (
    select *, unnest(json_keys(document)) as name
    from documents
),

given as (
    select task, user_key, item_key, name, try_cast(document ->> name as double)::float as number
    from named
),

written as (
    select documents.task, documents.user_key, documents.item_key, '' as prefix, to_json(candidates) as document
    from documents
    inner join graded.recommendations.candidates as candidates
        on
            candidates.task = documents.task
            and candidates.user_key = documents.user_key
            and candidates.item_key = documents.item_key
    union all
    select documents.task, documents.user_key, documents.item_key, 'user_' as prefix, to_json(users) as document
    from documents
    inner join graded.features.user as users on users.user_key = documents.user_key
    union all
    select documents.task, documents.user_key, documents.item_key, 'item_' as prefix, to_json(items) as document
    from documents
    inner join graded.features.item as items on items.item_key = documents.item_key
    union all
    select documents.task, documents.user_key, documents.item_key, 'user_item_' as prefix, to_json(pairs) as document
    from documents
    inner join graded.features.user_item as pairs
        on pairs.user_key = documents.user_key and pairs.item_key = documents.item_key
),

expected_names as (
    select *, unnest(json_keys(document)) as name
    from written
),

expected as (
    select
        task,
        user_key,
        item_key,
        prefix,
        prefix || name as name,
        case document ->> name
            when 'true' then 1
            when 'false' then 0
            else try_cast(document ->> name as double)
        end::float as number
    from expected_names
)

select given.name as feature, count(*) as n_examples, 'is not what the graded night wrote' as what
from given
inner join expected
    on
        expected.task = given.task
        and expected.user_key = given.user_key
        and expected.item_key = given.item_key
        and expected.name = given.name
where given.name not in ('task', 'user_key', 'item_key') and given.number is distinct from expected.number
group by given.name
union all
select given.name as feature, count(*) as n_examples, 'comes of no table of the graded night' as what
from given
cross join this.night as night
where
    given.name not in ('taken', 'weight')
    and given.name not in (select name from expected where prefix = '')
    and not exists (
        select 1
        from this.partition_inputs as inputs
        where
            inputs.input_night = night.graded_night
            and starts_with(given.name, split_part(inputs.input_table, '.', 2) || '_')
    )
group by given.name
