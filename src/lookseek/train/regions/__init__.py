"""The recipe ``regions``: compares garments region by region, learned from drawn copies of drawn designs."""
