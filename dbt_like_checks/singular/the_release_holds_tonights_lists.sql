-- table: releases.published
-- What readers see, when it is a release of the night, are the night's lists as they lie in the lake. (An older night that
-- is built again may have others; those are graded as rebuilt.)
-- remedy: The night's lists were made again after they were published, so readers see others than the lake holds. Build
-- the night again: its release is made anew and published.
select published.release, published.lists_fingerprint, inputs.fingerprint, inputs.night
from past.releases.published as published
cross join this.night as night
inner join this.release as release on release.current_release = published.release
left join this.inputs as inputs on inputs.table_name = 'recommendations.lists' and inputs.night = night.night
left join (select count(*) as n_rows from recommendations.lists) as lists on true
where
    published.night = night.night
    and (
        published.lists_fingerprint is distinct from inputs.fingerprint
        or not starts_with(published.release, night.night::varchar)
    )
