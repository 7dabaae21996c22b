"""cloud_view of latentvr."""
