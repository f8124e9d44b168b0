"""Decides, and never acts: no loop, socket, file, clock, dice, environment or log.

Everything here takes values and gives values back, so every decision can be tested in no time.
"""
