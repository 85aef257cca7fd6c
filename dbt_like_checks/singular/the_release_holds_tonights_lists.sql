-- table: releases.published
-- What was published are the night's lists as they lie in the lake, in a release of the night.
select published.release, published.lists_fingerprint, inputs.fingerprint, inputs.night
from past.releases.published as published
cross join this.night as night
left join this.inputs as inputs on inputs.table_name = 'recommendations.lists' and inputs.night = night.night
left join (select count(*) as n_rows from recommendations.lists) as lists on true
where
    published.night = night.night
    and (
        published.lists_fingerprint is distinct from inputs.fingerprint
        or not starts_with(published.release, night.night::varchar)
    )
