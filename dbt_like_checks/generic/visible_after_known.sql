-- config: {tags: [leakage]}
-- No row is visible to a night that closed before the row was known; one without such a time was always known.
-- remedy: A row reached a night that had closed before the row was known, so a list could have used what nobody knew.
-- Look at `known_from` in the source's SQL, at `known_earlier` of the profile, and at history that was landed as such
-- but came later. Mend it, land again with `--restate`, and build the nights from there.
select *
from {model}
where {column_name} >= {close}
