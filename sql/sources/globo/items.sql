-- Articles, known from the moment they were created (Unix milliseconds). They carry no title; categories are codes.
select
    articles.landed_id,
    articles.article_id as item_id,
    instant_of_milliseconds(articles.created_at_ts) as known_from,
    articles.category_id::varchar as category,
    articles.publisher_id,
    try_cast(articles.words_count as integer) as words_count,
    case
        when articles.created_at_ts is not null and instant_of_milliseconds(articles.created_at_ts) is null
            then 'created_at_ts'
    end as reject_column,
    case
        when articles.created_at_ts is not null and instant_of_milliseconds(articles.created_at_ts) is null
            then 'not a time in Unix milliseconds'
    end as reject_reason
from raw.articles as articles
