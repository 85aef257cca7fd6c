-- Basket of each event that algorithms learn from, in the order of training/interactions.sql. A basket is the source's, else its
-- session, else the user's UTC day; its number says nothing but which events belong together.
select
    (
        dense_rank() over (
            order by users.user_id, coalesce(events.basket_id, events.session_id, events.event_ts::date::varchar)
        ) - 1
    )::integer as basket
from clean.interactions as events
inner join clean.users as users on users.user_key = events.user_key
order by events.event_id
