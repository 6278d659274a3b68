"""What protects the service: access control, limits of rate, size and time, security headers, and safe fetching."""
