"""HTTP as every part of syncd speaks it: deadlines kept byte by byte, no redirect followed blindly, no secret in an error.

``network`` and ``pool`` are what ``litmos.transport`` sends with, too; ``asking`` is for files and lists from elsewhere.
"""
