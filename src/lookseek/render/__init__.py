"""Results as a picture and as plain values."""
