-- The latest instant lies no longer before the night's cutoff than expected.
-- remedy: Look at when the last file came (the ledger says) and ask who delivers: files are missing, or
-- their times are wrong. Land what is missing; it becomes visible with the next night that is built.
select max({field}) as latest
from {model}
having coalesce(max({field}) < (select cutoff from this.night) - {age}, true)
