-- What the graded night would have shown, ranks 1 to 20, to the users whom it did not know and who took something since,
-- had they told where they are as they came: hit says whether the user took the item.
-- algorithm: all (what was trending everywhere), or store, region, country, device, os or an attribute of users (what was
-- trending there, then everywhere) for users who tell a value that had a scope; with _diverse behind it the same with at most
-- 3 of a category, then at most 3 more of each; preferences (the list that it had for those who had said what they like).
-- What a user tells is what their first events since the graded cutoff tell, and what their row does: it is known when
-- they ask, and nothing that night could have known, so it only grades. They had nothing, so one of the tasks is enough.
with judged_users as (
    select distinct task, user_key
    from grades.relevant
    where is_cold_user and task = (select min(task) from this.tasks)
),

firsts as (
    select events.user_key, min(events.event_ts) as first_at
    from clean.interactions as events
    semi join judged_users on judged_users.user_key = events.user_key
    cross join this.night as night
    where events.event_ts >= night.graded_cutoff and events.event_ts < night.cutoff
    group by events.user_key
),

told as (
    select
        events.user_key,
        min(events.store) as store,
        min(events.region) as region,
        min(events.country) as country,
        min(events.device) as device,
        min(events.os) as os
    from clean.interactions as events
    inner join firsts on firsts.user_key = events.user_key and firsts.first_at = events.event_ts
    group by events.user_key
),

versions as (
    select versions.* exclude (landed_id, known_from, known_at, content, visible_night)
    from clean.user_versions as versions
    semi join judged_users on judged_users.user_key = versions.user_key
    qualify row_number() over (partition by versions.user_key order by versions.visible_night desc) = 1
),

documents as (
    select user_key, false as is_of_event, to_json(versions) as said
    from versions
    union all
    select user_key, true as is_of_event, to_json(told) as said
    from told
),

names as (
    select distinct unnest(json_keys(said)) as kind
    from documents
),

told_values as (
    select documents.user_key, names.kind, documents.is_of_event, documents.said ->> names.kind as value
    from documents
    cross join names
    where json_type(documents.said, names.kind) = 'VARCHAR'
),

-- Where both tell a country or region, the event does.
places as (
    select user_key, kind, kind || ':' || coalesce(min(value) filter (where is_of_event), min(value)) as scope
    from told_values
    group by user_key, kind
),

in_scopes as (
    select places.user_key, places.kind, places.scope
    from places
    semi join graded.recommendations.trending as trending on trending.scope = places.scope
    union all
    select user_key, 'all' as kind, 'all' as scope
    from judged_users
),

scopes as (
    select distinct scope
    from in_scopes
),

-- What is trending everywhere follows where a scope ends.
followed as (
    select trending.scope, trending.item_key, trending.rank as place
    from graded.recommendations.trending as trending
    semi join scopes on scopes.scope = trending.scope
    union all
    select scopes.scope, everywhere.item_key, profile.n_trending + everywhere.rank as place
    from graded.recommendations.trending as everywhere
    cross join scopes
    cross join this.profile as profile
    where everywhere.scope = 'all' and scopes.scope <> 'all'
),

listed as (
    select scope, item_key, min(place) as place
    from followed
    group by scope, item_key
),

of_categories as (
    select
        listed.scope,
        listed.item_key,
        listed.place,
        case
            when items.category is not null
                then row_number() over (partition by listed.scope, items.category order by listed.place)
            else 1
        end as place_in_category
    from listed
    inner join graded.clean.items as items on items.item_key = listed.item_key
),

ordered as (
    select scope, false as is_diverse, item_key, row_number() over (partition by scope order by place)::integer as rank
    from of_categories
    union all
    select
        scope,
        true as is_diverse,
        item_key,
        row_number() over (partition by scope order by (place_in_category - 1) // 3, place)::integer as rank
    from of_categories
),

lists as (
    select
        in_scopes.kind || case when ordered.is_diverse then '_diverse' else '' end as algorithm,
        in_scopes.user_key,
        ordered.rank,
        ordered.item_key
    from in_scopes
    inner join ordered on ordered.scope = in_scopes.scope
    union all
    select 'preferences' as algorithm, users.user_key, newcomers.rank, newcomers.item_key
    from graded.recommendations.newcomers as newcomers
    inner join clean.user_keys as users on users.user_id = newcomers.user_id
)

select
    users.task,
    lists.algorithm,
    lists.user_key,
    lists.rank,
    lists.item_key,
    relevant.item_key is not null as hit
from lists
inner join judged_users as users on users.user_key = lists.user_key
cross join this.profile as profile
left join grades.relevant as relevant
    on
        relevant.task = users.task
        and relevant.user_key = lists.user_key
        and relevant.item_key = lists.item_key
where lists.rank <= least(profile.list_length, 20)
order by users.task, lists.algorithm, lists.user_key, lists.rank
