"""What a session is made of, as data, and the runner for machines without the ROS launch tools."""
