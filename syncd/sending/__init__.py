"""Sending: Jobs become Requests, and answers become state: claim, apply, record; and the crew of senders."""
