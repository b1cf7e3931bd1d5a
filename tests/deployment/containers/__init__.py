"""The image and the stack of containers, brought up for real."""
