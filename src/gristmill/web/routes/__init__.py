"""What each page asks the use cases for."""
