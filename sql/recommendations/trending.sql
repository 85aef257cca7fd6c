-- What is trending: in the whole shop, within each department and category, within each store, region, country, device and
-- operating system that events tell, and within each value of an attribute of users that has 2 to 50. This is what unknown
-- ids are served.
-- It is counted over the window that unknown users' grades prefer (recommendations.trending_windows).
-- Of a context only those values have a scope with 200 events that weigh in the last 28 days, and of each kind the 100 with
-- most of them: what fewer took is chance, and a shop of ten thousand stores has no list for each. Of an attribute those have
-- one whose users took 200 items, each counted once a user, in four times the window. An attribute that has the name of
-- another kind of scope has none, but for country and region where no event tells them.
-- Items retired by the cutoff are left out, and so is what the profile excludes (policy.exclude).
-- score: distinct buyers, each counted by how long ago they last took the item, halved every so many days; of a context those
-- who took it there in the last 112 days, four times the longest window, of an attribute in four times the window: who did
-- earlier hardly counts.
with chosen as (
    select window_days
    from recommendations.trending_windows
    where is_chosen
),

excluded as (
    select distinct items.item_key
    from clean.items as items
    inner join this.excluded as excluded on to_json(items) ->> excluded.attribute = excluded.value
),

available as (
    select items.item_key, items.item_id, items.department, items.category
    from clean.items as items
    cross join this.night as night
    anti join excluded on excluded.item_key = items.item_key
    where items.retired_at is null or items.retired_at > night.cutoff
),

scores as (
    select took.item_key, exact_sum(pow(0.5, took.recency_days / chosen.window_days)) as score
    from features.user_item as took
    cross join chosen
    group by took.item_key
),

lately as (
    select store, region, country, device, os, user_key, item_key, age_days
    from clean.interactions
    where weight > 0 and age_days <= 112 and coalesce(store, region, country, device, os) is not null
),

counts as (
    select
        case
            when grouping(store) = 0 then 'store'
            when grouping(region) = 0 then 'region'
            when grouping(country) = 0 then 'country'
            when grouping(device) = 0 then 'device'
            else 'os'
        end as kind,
        coalesce(store, region, country, device, os) as value,
        count(*) as n_events
    from lately
    where age_days <= 28
    group by grouping sets (store, region, country, device, os)
),

places as (
    select kind, value
    from counts
    where value is not null and n_events >= 200
    qualify row_number() over (partition by kind order by n_events desc, value) <= 100
),

-- Of each event a row for each kind of place that there is.
told as (
    select
        kinds.kind,
        case kinds.kind
            when 'store' then lately.store
            when 'region' then lately.region
            when 'country' then lately.country
            when 'device' then lately.device
            else lately.os
        end as value,
        lately.user_key,
        lately.item_key,
        lately.age_days
    from lately
    cross join (select distinct kind from places) as kinds
),

took_in_place as (
    select told.kind, told.value, told.user_key, told.item_key, min(told.age_days) as recency_days
    from told
    semi join places on places.kind = told.kind and places.value = told.value
    group by told.kind, told.value, told.user_key, told.item_key
),

versions as (
    select * exclude (landed_id, known_from, known_at, content, visible_night)
    from clean.user_versions
    qualify row_number() over (partition by user_key order by visible_night desc) = 1
),

documents as (
    select user_key, to_json(versions) as said
    from versions
),

names as (
    select distinct unnest(json_keys(said)) as kind
    from documents
),

of_users as (
    select documents.user_key, names.kind, documents.said ->> names.kind as value
    from documents
    cross join names
    where
        names.kind not in (select kind from places)
        and names.kind not in ('all', 'department', 'category', 'store', 'device', 'os', 'diverse', 'newcomers', 'preferences')
        and json_type(documents.said, names.kind) = 'VARCHAR'
),

attributes as (
    select kind
    from of_users
    group by kind
    having count(distinct value) between 2 and 50
),

of_attributes as (
    select of_users.kind, of_users.value, took.user_key, took.item_key, took.recency_days
    from of_users
    semi join attributes on attributes.kind = of_users.kind
    inner join features.user_item as took on took.user_key = of_users.user_key
    cross join chosen
    where took.recency_days <= 4 * chosen.window_days
),

groups as (
    select kind, value
    from of_attributes
    group by kind, value
    having count(*) >= 200
),

took_in_group as (
    select of_attributes.*
    from of_attributes
    semi join groups on groups.kind = of_attributes.kind and groups.value = of_attributes.value
    union all
    select kind, value, user_key, item_key, recency_days
    from took_in_place
),

scoped as (
    select 'all' as scope, item_key, score
    from scores
    union all
    select 'department:' || items.department as scope, scores.item_key, scores.score
    from scores
    inner join available as items on items.item_key = scores.item_key
    where items.department is not null
    union all
    select 'category:' || items.category as scope, scores.item_key, scores.score
    from scores
    inner join available as items on items.item_key = scores.item_key
    where items.category is not null
    union all
    select
        took.kind || ':' || took.value as scope,
        took.item_key,
        exact_sum(pow(0.5, took.recency_days / chosen.window_days)) as score
    from took_in_group as took
    cross join chosen
    group by took.kind, took.value, took.item_key
),

ranked as (
    select
        scoped.scope,
        row_number() over (partition by scoped.scope order by scoped.score desc, available.item_id)::integer as rank,
        scoped.item_key,
        scoped.score
    from scoped
    inner join available on available.item_key = scoped.item_key
)

select ranked.scope, ranked.rank, ranked.item_key, ranked.score
from ranked
cross join this.profile as profile
where ranked.rank <= profile.n_trending
order by ranked.scope, ranked.rank
