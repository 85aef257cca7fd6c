-- Files whose rows count: in the night that is being read (variable `night`), or now while a file lands.
create or replace view current_files as
select file_id
from landing.ledger.files
where
    status <> 'quarantined'
    and (
        superseded_night is null
        or (getvariable('night') is not null and superseded_night > getvariable('night'))
    );
