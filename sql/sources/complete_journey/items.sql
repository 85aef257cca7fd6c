-- Products with their hierarchy. They carry no name: the type and the package size stand for a title.
select
    products.landed_id,
    products.product_id as item_id,
    concat_ws(', ', products.product_type, products.package_size) as title,
    products.department,
    products.product_category as category,
    products.product_type as subcategory,
    products.brand,
    products.manufacturer_id,
    products.package_size
from raw.products as products
