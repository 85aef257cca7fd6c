-- table: releases.published
-- config: {severity: warn}
-- Readers see a release of the newest night that has one: an older one only after a rollback.
-- remedy: Somebody rolled back, or the newest night was not published. If that is meant, nothing is to do: the next
-- night publishes as usual. If not: `recsys releases` lists them, `recsys rollback --to RELEASE` goes to any.
select release.current_release, release.newest_night
from this.release as release
cross join (select count(*) as n_published from past.releases.published) as published
where release.current_night is distinct from release.newest_night
