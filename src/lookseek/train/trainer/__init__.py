"""What every recipe shares: the loop, checkpoints, run folders, logs, devices."""
