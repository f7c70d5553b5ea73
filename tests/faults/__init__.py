"""Runs that are cut, stalled and killed at random points, each ending converged after one more run."""
