"""The trainer: one loop, schedules, what a run keeps, and what it says of itself."""
