"""What becomes of a change when the network or the store fails in the middle of it."""
