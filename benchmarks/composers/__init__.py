"""What composers of a photo with a change find and cost."""
