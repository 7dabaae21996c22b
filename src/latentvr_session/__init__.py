"""latentvr_session of latentvr."""
