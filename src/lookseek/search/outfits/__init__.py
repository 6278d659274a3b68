"""Complete the look: for an item, compatible items of other parts of an outfit from the same catalogue."""

from .complete import CompletedLook, LookItem, LookPart, complete_look, look_to_dict

__all__ = ["CompletedLook", "LookItem", "LookPart", "complete_look", "look_to_dict"]
