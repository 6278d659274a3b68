"""Makes the rows of the lists of queries that ``scripts/make_queries.py`` writes, a module for each benchmark."""
