-- Who the users said they were when they joined (u.user).
select
    users.landed_id,
    users.user_id,
    try_cast(users.age as integer) as age,
    users.gender,
    users.occupation,
    users.zip
from raw.users as users
