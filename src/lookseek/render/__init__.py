"""Results as a picture (``strip.py``) and as plain values (``as_json.py``)."""
