"""The recipe ``adapt``: last stages and heads on a model that ships, in an hour on two cores; heads alone in minutes.

Photos that ask for photos are compared by an instance embedding; words reach attributes in a joint space.
"""
