-- The nights built up to this one, the events, users and items each could see, and the settings each was built with.
-- Counts are as known on the release's night: what was retracted since is no longer counted.
with nights as (
    select settings_night as night
    from past.recommendations.settings
    union
    select night
    from past.recommendations.trending
),

arrivals as (
    select visible_night as night, count(*) as n_events, 0 as n_users, 0 as n_items
    from clean.interactions
    group by visible_night
    union all
    select available_from as night, 0 as n_events, count(*) as n_users, 0 as n_items
    from clean.users
    group by available_from
    union all
    select available_from as night, 0 as n_events, 0 as n_users, count(*) as n_items
    from clean.items
    group by available_from
)

select
    nights.night,
    nights.night + interval 1 day as cutoff,
    coalesce(sum(arrivals.n_events::bigint), 0)::bigint as n_events,
    coalesce(sum(arrivals.n_users::integer), 0)::integer as n_users,
    coalesce(sum(arrivals.n_items::integer), 0)::integer as n_items,
    max(settings.profile_hash) as profile_hash,
    max(settings.settings) as settings
from nights
left join arrivals on arrivals.night <= nights.night
left join past.recommendations.settings as settings on settings.settings_night = nights.night
group by nights.night
order by nights.night
