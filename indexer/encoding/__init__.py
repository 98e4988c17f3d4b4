"""Text becomes unit vectors here: where the model lies, how it is exported once, how it is run."""
