"""Power cuts, simulated: what a program did to its files is logged, and every moment of it is a moment to be cut.

shim.c logs the calls of a process, log.py reads that, disk.py makes of it what a disk may hold after a cut, programs/
are what is run, and cutting.py runs one, cuts, opens again, and compares with what had been acknowledged.
"""
