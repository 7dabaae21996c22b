"""What the parts of latentvr share: topics, parameters, messages as plain data, and how a node runs."""
