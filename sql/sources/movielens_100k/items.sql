-- Films (u.item). The year stands behind the title, and an article behind the name: "Godfather, The (1972)" is The
-- Godfather of 1972; (V) says that a film came out on video. Genres come as flags, in alphabetical order; the first one
-- stands for the category.
with titled as (
    select
        landed_id,
        movie_id,
        trim(regexp_replace(title, '\([0-9]{4}\)( \(V\))?\s*$', '')) as title,
        try_cast(regexp_extract(title, '\(([0-9]{4})\)( \(V\))?\s*$', 1) as integer) as year,
        list_filter(
            [
                case when action = '1' then 'Action' end,
                case when adventure = '1' then 'Adventure' end,
                case when animation = '1' then 'Animation' end,
                case when childrens = '1' then 'Children''s' end,
                case when comedy = '1' then 'Comedy' end,
                case when crime = '1' then 'Crime' end,
                case when documentary = '1' then 'Documentary' end,
                case when drama = '1' then 'Drama' end,
                case when fantasy = '1' then 'Fantasy' end,
                case when film_noir = '1' then 'Film-Noir' end,
                case when horror = '1' then 'Horror' end,
                case when musical = '1' then 'Musical' end,
                case when mystery = '1' then 'Mystery' end,
                case when romance = '1' then 'Romance' end,
                case when sci_fi = '1' then 'Sci-Fi' end,
                case when thriller = '1' then 'Thriller' end,
                case when war = '1' then 'War' end,
                case when western = '1' then 'Western' end
            ],
            lambda genre: genre is not null
        ) as genres
    from raw.films
)

select
    films.landed_id,
    films.movie_id as item_id,
    regexp_replace(films.title, '^(.+), (The|A|An|La|Le|Les|El|Il|Das)( \(.*\))?$', '\2 \1\3') as title,
    films.year,
    films.genres[1] as category,
    case when len(films.genres) > 0 then films.genres end as genres
from titled as films
