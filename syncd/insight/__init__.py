"""Insight: what is known of a person, a Run or the account, gathered for whoever asks. Only the probe writes."""
