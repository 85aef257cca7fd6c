-- The nights built up to this one, the events, users and items each could see, and the settings each was built with.
-- Counts are as known on the release's night: what was retracted since is no longer counted.
with nights as (
    select distinct night
    from past.recommendations.trending
    where scope = 'all'
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
    sum(arrivals.n_events::bigint)::bigint as n_events,
    sum(arrivals.n_users::integer)::integer as n_users,
    sum(arrivals.n_items::integer)::integer as n_items,
    max(settings.profile_hash) as profile_hash,
    max(settings.settings) as settings
from nights
inner join arrivals on arrivals.night <= nights.night
left join past.recommendations.settings as settings on settings.settings_night = nights.night
group by nights.night
order by nights.night
