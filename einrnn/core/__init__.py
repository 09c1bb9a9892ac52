"""The core representation, its traversals and the model of a document."""
