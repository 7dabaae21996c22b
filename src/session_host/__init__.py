"""session_host of latentvr."""
