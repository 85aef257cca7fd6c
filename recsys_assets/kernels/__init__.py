"""Compiled loops over lists and trees: what numpy and scipy can only do by way of arrays much larger than the result.

Import the modules inside functions, as they load numba. Each kernel is compiled when it is first used, and kept beside
its file from then on. Rows are worked on one by one and in one order, so that neither the threads nor the other rows
change a bit. Kernels let other threads run, and use one themselves.
"""
