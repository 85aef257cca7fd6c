-- What looks odd in the events that a source's SELECT gives, accepted_events: one row a finding, with how many of all rows
-- it is about and up to three values as examples. Nothing is left out for it: people are told, and decide.
--
-- no_user, no_item: ids that are a word for "none". guest: ids that are a word for "somebody". filler: 0, -1, 999 and the
-- like, where they hold many rows. heavy: a user with a large part of all rows. single_user, single_item: there is but one.
-- scientific: ids in scientific notation, which stood for several each. midnight: no time has a clock. ratings: events of
-- one type that were rated high and low.
with
words_for_none(id) as (
    from (
        values
        ('nan'), ('null'), ('none'), ('nil'), ('n/a'), ('na'), ('#n/a'), ('#na'), ('\n'), ('<na>'), ('(null)'), ('[null]'),
        ('undefined'), ('unknown'), ('missing'), ('empty'), ('-'), ('--'), ('?'), ('.'), ('unbekannt'), ('leer'), ('inconnu'),
        ('desconocido'), ('sconosciuto'), ('desconhecido'), ('onbekend'), ('okänd'), ('ukendt'), ('ukjent'), ('nieznany'),
        ('neznámý'), ('tuntematon'), ('bilinmiyor'), ('неизвестно'), ('غير معروف'), ('未知'), ('不明'),
        ('00000000-0000-0000-0000-000000000000')
    )
),

words_for_somebody(id) as (
    from (
        values
        ('guest'), ('guest user'), ('guest customer'), ('guest checkout'), ('anonymous'), ('anonymous user'), ('anon'),
        ('walk-in'), ('walk in'), ('walkin'), ('walk-in customer'), ('walk in customer'), ('cash'), ('cash customer'),
        ('cash sale'), ('customer'), ('user'), ('default'), ('test'), ('unregistered'), ('not logged in'), ('visitor'),
        ('gast'), ('gäste'), ('gastkunde'), ('gastbestellung'), ('anonym'), ('barkunde'), ('barverkauf'), ('laufkunde'),
        ('laufkundschaft'), ('kunde'), ('diverse'), ('invité'), ('invite'), ('anonyme'), ('client'), ('client de passage'),
        ('passage'), ('invitado'), ('anónimo'), ('anonimo'), ('cliente'), ('cliente ocasional'), ('público en general'),
        ('publico en general'), ('consumidor final'), ('convidado'), ('anônimo'), ('visitante'), ('ospite'), ('anoniem'),
        ('passant'), ('klant'), ('gäst'), ('gæst'), ('gjest'), ('vieras'), ('gość'), ('gosc'), ('klient'), ('anonim'),
        ('host'), ('vendég'), ('misafir'), ('гость'), ('аноним'), ('زائر'), ('ضيف'), ('अतिथि'), ('游客'), ('访客'), ('匿名'),
        ('ゲスト'), ('손님'), ('게스트')
    )
),

totals as (
    select
        count(*) as n_all,
        count(distinct user_id) as n_users,
        count(distinct item_id) as n_items,
        count(distinct event_ts::time) as n_clocks,
        concat_ws(' or ', min(event_ts::time)::varchar, nullif(max(event_ts::time), min(event_ts::time))::varchar) as clocks,
        count(*) filter (extract(minute from event_ts) = 0 and extract(second from event_ts) = 0) as n_whole_hours
    from accepted_events
),

users as (select user_id as id, count(*) as n_rows from accepted_events group by user_id),

items as (select item_id as id, count(*) as n_rows from accepted_events group by item_id),

baskets as (select basket_id as id, count(*) as n_rows from accepted_events where basket_id is not null group by basket_id),

typical as (select median(n_rows) as n_rows from users),

ratings as (
    select event_type as id, count(*) as n_all, min(rating) as low, max(rating) as high
    from accepted_events
    where rating is not null
    group by event_type
),

odd as (
    select 'no_user' as finding, 'user_id' as column_name, id, n_rows from users where lower(id) in (select w.id from words_for_none as w)
    union all
    select 'no_item', 'item_id', id, n_rows from items where lower(id) in (select w.id from words_for_none as w)
    union all
    select 'guest', 'user_id', id, n_rows from users where lower(id) in (select w.id from words_for_somebody as w)
    union all
    select 'filler', 'user_id', users.id, users.n_rows
    from users cross join typical cross join totals
    where
        regexp_full_match(users.id, '-?(0+|1|9{3,})') and users.id <> '1'
        and users.n_rows >= 3 * typical.n_rows and users.n_rows >= 0.01 * totals.n_all
    union all
    select 'heavy', 'user_id', users.id, users.n_rows
    from users cross join totals
    where
        totals.n_all >= 20 and totals.n_users > 1
        and (users.n_rows >= 0.5 * totals.n_all or (totals.n_users >= 100 and users.n_rows >= 0.1 * totals.n_all))
    union all
    select 'single_user', 'user_id', users.id, users.n_rows from users cross join totals where totals.n_users = 1
    union all
    select 'single_item', 'item_id', items.id, items.n_rows from items cross join totals where totals.n_items = 1
    union all
    select 'scientific', 'user_id', id, n_rows from users where regexp_full_match(id, '[0-9]([.,][0-9]+)?[eE][+][0-9]+')
    union all
    select 'scientific', 'item_id', id, n_rows from items where regexp_full_match(id, '[0-9]([.,][0-9]+)?[eE][+][0-9]+')
    union all
    select 'scientific', 'basket_id', id, n_rows from baskets where regexp_full_match(id, '[0-9]([.,][0-9]+)?[eE][+][0-9]+')
    union all
    select 'midnight', 'event_ts', clocks, n_all
    from totals
    where n_all >= 20 and n_clocks <= 2 and n_whole_hours = n_all
    union all
    select 'ratings', 'event_type', id, n_all from ratings where low < 0.6 * high -- In its scale's lower half, and upper.
)

select
    odd.finding,
    odd.column_name,
    list(odd.id order by odd.n_rows desc, odd.id)[:3] as examples,
    count(*) as n_ids,
    sum(odd.n_rows)::bigint as n_rows,
    totals.n_all,
    min(ratings.low) as low,
    max(ratings.high) as high
from odd
cross join totals
left join ratings on odd.finding = 'ratings' and ratings.id = odd.id
-- A word for nobody is told once, not also as the heavy user that it is.
where odd.finding <> 'heavy' or not exists (
    select 1 from odd as told where told.id = odd.id and told.finding in ('no_user', 'guest', 'filler')
)
group by odd.finding, odd.column_name, totals.n_all, if(odd.finding = 'ratings', odd.id, null)
order by n_rows desc, odd.finding, odd.column_name, examples
