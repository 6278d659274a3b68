"""The REST API and the web page: the only package that uses web frameworks. ``app.py`` puts the service together."""
