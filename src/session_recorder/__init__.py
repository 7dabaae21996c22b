"""session_recorder of latentvr."""
