-- Words that users gave to films, as written, each from the second it was given.
select
    tags.landed_id,
    instant_of_seconds(tags.timestamp) as known_from,
    tags.userId as user_id,
    tags.movieId as item_id,
    tags.tag,
    case
        when instant_of_seconds(tags.timestamp) is null then 'timestamp'
        when trim(coalesce(tags.tag, '')) = '' then 'tag'
    end as reject_column,
    case
        when instant_of_seconds(tags.timestamp) is null then 'not a time in Unix seconds'
        when trim(coalesce(tags.tag, '')) = '' then 'no tag'
    end as reject_reason
from raw.tags as tags
