"""Words for values of a catalogue, and the captions and changes made of them."""
