"""The command line: one module per group of commands, each thin. No rule and no write lives in here."""
