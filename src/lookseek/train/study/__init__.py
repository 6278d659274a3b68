"""The recipe ``study``: a grid of trainings by ``train metric`` on the same photos, and a table and a plot of them.

cached photos -> cells x seeds, each a run folder of ``metric`` -> study.md, study.csv, study.png

Source of what is compared: Park et al., Study on Fashion Image Retrieval Methods for Efficient Fashion Visual Search,
CVPRW 2019: losses of object category and of item similarity together, a module that relaxes their conflict, backbones.
"""
