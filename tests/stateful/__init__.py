"""All that the service does, in any order, against a model of what the contract says."""
