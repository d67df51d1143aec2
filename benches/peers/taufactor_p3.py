"""Effective diffusivity of an image by TauFactor: python taufactor_p3.py KIND N CRITERION"""

import os
import sys
import time

import numpy as np
import taufactor
import torch

from problems import image, report

kind, n, criterion = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
pores = image(kind, n).astype(np.uint8)
start = time.perf_counter()
solver = taufactor.Solver(pores, device="cpu")
solver.solve(verbose=False, conv_crit=criterion, iter_limit=100_000)
seconds = time.perf_counter() - start
report(seconds, deff=float(np.ravel(solver.D_eff)[0]), cycles=int(solver.iter))
