"""Files as delivered: readers of formats, judging and intake of one file, the ledger, the database that keeps all."""
