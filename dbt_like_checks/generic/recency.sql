-- The latest instant lies no longer before the night's cutoff than expected.
select max({field}) as latest
from {model}
having coalesce(max({field}) < (select cutoff from this.night) - {age}, true)
