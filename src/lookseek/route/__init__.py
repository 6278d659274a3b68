"""Routing: a query is compared with the part of an index where its neighbours are likely to be.

    item ──> key                        query ──router──> how probable each key is ──mode──> keys to search
    (its label, or its cell)            (an SVM over labels, or the distances to the cells' centres)

``router`` selects the keys that a query searches, ``probability_mass`` computes how sure it must be before it stops
taking keys, ``fit`` makes routers, ``files`` keeps them. All of it takes vectors alone, no index, store or benchmark.
"""
