"""The service under load, under hostile requests and in a browser."""
