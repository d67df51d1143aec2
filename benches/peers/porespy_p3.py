"""Effective diffusivity of an image by PoreSpy: python porespy_p3.py KIND N

PoreSpy holds the concentration in the middle of the first and the last layer of voxels, not on the
outer faces: its length is N - 1 voxels, and it sees no half voxels at the ends.
"""

import logging
import sys
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import porespy

from problems import image, report

porespy.settings.tqdm["disable"] = True
kind, n = sys.argv[1], int(sys.argv[2])
pores = image(kind, n)
start = time.perf_counter()
found = porespy.simulations.tortuosity_fd(pores, axis=0)
seconds = time.perf_counter() - start
report(seconds, deff=1.0 / float(found.formation_factor), cycles=0)
