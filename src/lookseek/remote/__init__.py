"""Pictures by URL from the public internet, and from nowhere else: ``fetch.py`` is its one way out."""
