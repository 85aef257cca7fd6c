"""Files as delivered: readers of formats, the intake of one file, and the database that keeps them."""
