"""Teaching words and photos to share one space.

lexicon.csv (words for values) -> lexicon -> captions (what an item is called), changes (what is asked to differ)
"""
