"""What a session leaves: the table of items, the network as files of two kinds, and a report."""
