"""The recipe ``align``: photos and words of a catalogue to one joint space.

    catalogue ──labelled_items──> photos ──maps──> features of the frozen half, kept on disk ─┐
                       └──texts──> titles and captions ──> features of the sentence model ────┴─training──> the loop

``job.py`` is the way through; docs/decisions/align.md states why it is made so.
"""
