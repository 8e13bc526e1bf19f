"""The unit of execution: one lane per account and plan. Correctness lives in the ledger, not in here."""
