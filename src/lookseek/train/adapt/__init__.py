"""The recipe ``adapt``: new heads on a model that ships, in minutes and not hours.

Photos that ask for photos are compared by an instance embedding; words reach attributes in a joint space.
"""
