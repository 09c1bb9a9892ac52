import os

# one thread: growth is of the program, not of a pool. It must be said before numpy is there.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
