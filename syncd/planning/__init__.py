"""Planning: the mirror and an Intake in, a Plan out; how it is judged, saved, compared, approved and taken back."""
