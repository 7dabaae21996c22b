"""Which items of a cloud a person means: by a ball, a box, or the dense region around a place. No ROS."""
