"""What is wrong with a refuted claim: the small edit, or the assumption, that makes it true."""
