"""Programs as C: written from plans, built by the system's compiler, kept in the user's cache."""
