"""What holds for all tests: examples of hypothesis have no time limit, for a busy machine is not a defect."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
