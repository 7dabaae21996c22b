"""Says whether this machine is ready for a session, and what to do where it is not.

Each check is a function from what was found to a `Finding`, and knows nothing of how that was found. All of it runs
without the build, and without the environment, as far as possible.
"""
