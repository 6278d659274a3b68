"""What the project's choices are measured by: accuracy, not time."""
