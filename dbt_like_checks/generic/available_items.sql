-- config: {tags: [leakage]}
-- Every item was visible to the night and is not retired at its cutoff.
-- remedy: The failing rows name the item, the night that first saw it and when it was retired. Look at the step that
-- lists it: it may take items only from clean.items of its own night. If the catalogue says wrongly when an item was
-- retired, deliver it corrected and build the night again.
with named as (
    select distinct {column_name} as item_key
    from {model}
),

unavailable as (
    select named.item_key, items.available_from, items.retired_at
    from named
    left join this.items as items on items.item_key = named.item_key
    where
        items.item_key is null
        or items.available_from > (select night from this.night)
        or items.retired_at <= (select cutoff from this.night)
)

select model.*, unavailable.available_from, unavailable.retired_at
from {model} as model
inner join unavailable on unavailable.item_key is not distinct from model.{column_name}
