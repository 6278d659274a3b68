"""The recipe ``capsule``: capsules of classes whose directions tell items of a class apart.

photo -> convolutions -> primary capsules -> routing -> a capsule of each class: its length says whether the photo is of
the class, its direction is the embedding.

Source: Kınlı et al., Fashion Image Retrieval with Capsule Networks, ICCVW 2019. What is not the same:
docs/decisions/similarity-papers.md.
"""
