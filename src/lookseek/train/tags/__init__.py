"""The recipe ``tags``: how likely each value of each attribute of a photo is, on a frozen model's vectors.

labels (what is known of each photo, and what is not) -> training -> calibration -> export, measure
"""
