-- Films. The year stands behind the title, and an article behind the name: "Matrix, The (1999)" is The Matrix of 1999.
-- Genres come in alphabetical order; the first one stands for the category.
-- tags: those that users gave up to the night, so a film has a new version when somebody gives it a new one.
with titled as (
    select
        landed_id,
        movieId,
        trim(regexp_replace(title, '\([0-9]{4}([-–][0-9]{0,4})?\)\s*$', '')) as title,
        try_cast(regexp_extract(title, '\(([0-9]{4})([-–][0-9]{0,4})?\)\s*$', 1) as integer) as year,
        case when genres <> '(no genres listed)' then string_split(genres, '|') end as genres
    from raw.movies
)

select
    films.landed_id,
    films.movieId as item_id,
    regexp_replace(films.title, '^(.+), (The|A|An|La|Le|Les|El|Il|Das)( \(.*\))?$', '\2 \1\3') as title,
    films.year,
    films.genres[1] as category,
    films.genres,
    given.tags
from titled as films
left join (
    select
        movieId,
        list(distinct lower(trim(tag)) order by lower(trim(tag))) as tags
    from raw.tags
    group by movieId
) as given on given.movieId = films.movieId
