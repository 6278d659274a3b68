"""The REST API and the web page: web lives here alone."""
