"""Effective diffusivity of an image by PETSc: conjugate gradients on the pores alone.

    mpirun -n P python3 petsc_p3.py KIND N [PETSc options]

Between the faces of the image's first axis, half a voxel outside the first and last centres; pores
that do not connect both faces are left out before the clock starts.
"""

import sys
import time
from resource import RUSAGE_SELF, getrusage

import numpy as np
import petsc4py

petsc4py.init(sys.argv[3:])
import scipy.sparse as sparse
from petsc4py import PETSc
from scipy import ndimage

from problems import image, report

kind, n = sys.argv[1], int(sys.argv[2])
label, _ = ndimage.label(image(kind, n))
through = np.intersect1d(np.unique(label[0]), np.unique(label[-1]))
open_ = np.isin(label, through[through > 0])
del label
start = time.perf_counter()
count = int(open_.sum())
number = np.full(open_.shape, -1, "i4")
number[open_] = np.arange(count, dtype="i4")
rows, columns = [], []
for axis in range(3):
    a, b = np.take(number, range(n - 1), axis), np.take(number, range(1, n), axis)
    both = (a >= 0) & (b >= 0)
    rows += [a[both], b[both]]
    columns += [b[both], a[both]]
rows, columns = np.concatenate(rows), np.concatenate(columns)
diagonal = np.bincount(rows, minlength=count).astype(float)
first, last = (number[i][number[i] >= 0] for i in (0, -1))
diagonal[first] += 2
diagonal[last] += 2
fed = np.zeros(count)
fed[first] = 2
a = sparse.csr_matrix((-np.ones(len(rows)), (rows, columns)), shape=(count, count))
a = (a + sparse.diags(diagonal)).tocsr()
a.sort_indices()
comm = PETSc.COMM_WORLD
low, high = comm.rank * count // comm.size, (comm.rank + 1) * count // comm.size
own = a[low:high]
matrix = PETSc.Mat().createAIJ(
    size=((high - low, count),) * 2,
    csr=(own.indptr.astype("i4"), own.indices.astype("i4"), own.data),
    comm=comm,
)
x, b = matrix.createVecs()
b.setArray(fed[low:high])
ksp = PETSc.KSP().create(comm)
ksp.setOperators(matrix)
ksp.setType("cg")
ksp.setTolerances(rtol=1e-8)
ksp.setFromOptions()
ksp.solve(b, x)
seconds = time.perf_counter() - start
scatter, whole = PETSc.Scatter.toZero(x)
scatter.scatter(x, whole)
peak = comm.tompi4py().allreduce(getrusage(RUSAGE_SELF).ru_maxrss // 1024)
if comm.rank == 0:
    c = whole.getArray()
    report(
        seconds, peak_mib=peak, deff=(2 * (1 - c[first])).sum() / n, out=(2 * c[last]).sum() / n,
        cycles=ksp.getIterationNumber(),
    )
