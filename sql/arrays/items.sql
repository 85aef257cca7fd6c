-- Items in order of their ids, whose places the other arrays name.
select item_id, title, category, department, brand, price, n_buyers
from serving.items
order by item_id
