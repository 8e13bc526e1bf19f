"""Replicas of form-driven sites on loopback, for rehearsals and tests: real pages, books of their own, faults.

They are written from what others reported of the sites; nothing of theirs is in here, and nothing leaves the
machine. A replica believes only its books.
"""
