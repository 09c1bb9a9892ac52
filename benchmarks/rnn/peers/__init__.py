"""The programs that are compared: each room builds some of them from the same data."""
