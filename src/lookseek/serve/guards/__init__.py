"""What stands between the internet and the service: keys, limits, headers, addresses."""
