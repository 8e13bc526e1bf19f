"""Ways of talking to channels: one folder each, with a TOML row per channel."""
