"""scripted_hands of latentvr."""
