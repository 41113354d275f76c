"""Configuration: one YAML file in, frozen settings out, and every fault in it at once, with its place."""
