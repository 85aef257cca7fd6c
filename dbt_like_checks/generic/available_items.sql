-- config: {tags: [leakage]}
-- Every item was visible to the night and is not retired at its cutoff.
-- remedy: The failing rows name the item, the night that first saw it and when it was retired. Look at the step that
-- lists it: it may take items only from clean.items of its own night. If the catalogue says wrongly when an item was
-- retired, deliver it corrected and build the night again.
select model.*, items.available_from, items.retired_at
from {model} as model
left join clean.items as items on items.item_key = model.{column_name}
where
    items.item_key is null
    or items.available_from > (select night from this.night)
    or items.retired_at <= (select cutoff from this.night)
