"""What the person sees, drawn with OpenGL (moderngl). Nothing of OpenXR or ROS is here."""
