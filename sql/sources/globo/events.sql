-- Clicks on articles of a news portal. Times are Unix milliseconds. Device, system, country and region are codes whose
-- meaning the data does not tell: they stay codes, as text. Session ids are made of the start of the session.
select
    clicks.landed_id,
    clicks.user_id,
    clicks.click_article_id as item_id,
    instant_of_milliseconds(clicks.click_timestamp) as event_ts,
    'click' as event_type,
    clicks.session_id,
    clicks.click_deviceGroup as device,
    clicks.click_os as os,
    clicks.click_country as country,
    clicks.click_region as region
from raw.clicks as clicks
