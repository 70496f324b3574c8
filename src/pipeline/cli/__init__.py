"""The command line: `rightrun`. It parses, connects and prints; the work is done elsewhere.

One file a group of commands; `options` has what they share, `homes` opens what they read, `answers`
prints. Engines are imported inside the commands: help must not wait for one.
"""
