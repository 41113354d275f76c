"""The pure heart of syncd: it decides, and does nothing. No I/O, no clock, no logging; time comes in as an argument."""
