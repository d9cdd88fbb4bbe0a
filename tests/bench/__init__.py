"""Benchmarks: run by command, never as timed tests."""
