"""What requests cost, as ratios within one run; `make bench` runs it."""
