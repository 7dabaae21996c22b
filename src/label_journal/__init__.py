"""label_journal of latentvr."""
