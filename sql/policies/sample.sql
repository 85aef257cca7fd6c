-- Users whose lists are kept without each rule, too, so that its effect can be graded: as many as the profile says
-- (release.list_users), by the hash of their id, the same ones every night; everybody where there are fewer.
select users.user_key
from clean.user_keys as users
cross join this.profile as profile
qualify row_number() over (order by md5(users.user_id), users.user_id) <= profile.list_users
order by users.user_key
