"""What a session was in the course of time: its clouds, what happened, and where in it somebody looks."""
