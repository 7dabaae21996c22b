"""gesture_labeler of latentvr."""
