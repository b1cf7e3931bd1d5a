"""Many clients at once, over HTTP, against several workers."""
