"""Bags of sessions, read: what is in them, whole or cut, honest or not."""
