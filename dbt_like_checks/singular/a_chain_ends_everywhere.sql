-- table: recommendations.newcomer_chain
-- The chain that newcomers are served by has its places from 1 on without gaps, and everywhere is the last of them.
-- remedy: Newcomers may get nothing, or what is trending everywhere before what is where they are. Look at
-- sql/recommendations/newcomer_chain.sql: it has a row for everywhere also before any grades. Mend it and build the night
-- again.
select links.n_links, links.last_place, links.everywhere
from (
    select
        count(distinct place) as n_links,
        coalesce(max(place), 0) as last_place,
        max(place) filter (where kind = 'all') as everywhere
    from recommendations.newcomer_chain
) as links
where links.n_links <> links.last_place or links.everywhere is distinct from links.last_place
