"""P1 by PETSc: SNES (Newton) on a matrix of the seven-point stencil.

    mpirun -n P python3 petsc_p1.py N [-ew 0] [PETSc options]

The uptake is that of max(c, 0): without it Newton finds a root below zero. A third of that of the
voxels beside the walls passes the walls besides what half a voxel conducts (docs/numerics.md): these
equations are those of the program beside it. Without a `-ksp_rtol`
the tolerance of the linear solves follows Eisenstat and Walker, unless `-ew 0`.
"""

import sys
import time
from resource import RUSAGE_SELF, getrusage

import numpy as np
import petsc4py

petsc4py.init(sys.argv[2:])
from mpi4py import MPI
from petsc4py import PETSc

from problems import P1, report

n = int(sys.argv[1])
length, d, outside, q, km = (P1[k] for k in ("length", "diffusivity", "outside", "uptake", "km"))
comm = PETSc.COMM_WORLD
start = time.perf_counter()
da = PETSc.DMDA().create(
    [n] * 3, dof=1, stencil_width=1, proc_sizes=[1, 1, comm.size], comm=comm
)
da.setInterpolationType(PETSc.DMDA.InterpolationType.Q0)
matrix = da.createMatrix()
first, last = matrix.getOwnershipRange()
t = d / (length / n) ** 2
number = np.arange(first, last, dtype="i4")
at = [number % n, number // n % n, number // (n * n)]
steps = [1, n, n * n]
columns, inside = [], []
for axis in (2, 1, 0):
    columns.append(number - steps[axis])
    inside.append(at[axis] > 0)
columns.append(number)
inside.append(np.ones(last - first, bool))
for axis in range(3):
    columns.append(number + steps[axis])
    inside.append(at[axis] < n - 1)
columns, inside = np.stack(columns, 1), np.stack(inside, 1)
neighbours = inside.sum(1) - 1
walls = 6 - neighbours
diagonal = t * (neighbours + 2 * walls)
values = np.full(columns.shape, -t)
values[:, 3] = diagonal
rows = np.concatenate(([0], np.cumsum(inside.sum(1)))).astype("i4")
diffusion = PETSc.Mat().createAIJ(
    size=((last - first, n**3),) * 2,
    csr=(rows, columns[inside].astype("i4"), values[inside]),
    comm=comm,
)
del columns, inside, values, rows
fed = 2 * t * walls * outside
# What the voxels take from their own concentration.
own = q * np.where(walls > 0, 2 / 3, 1)
x = da.createGlobalVec()
x.set(outside)
f = x.duplicate()


def function(_, x, f):
    diffusion.mult(x, f)
    c, out = x.getArray(readonly=1), f.getArray()
    out += own * c / (km + np.maximum(c, 0)) - fed


jacobian = diffusion.duplicate(copy=True)
slope = x.duplicate()


def derive(_, x, j, p):
    c = x.getArray(readonly=1)
    slope.setArray(diagonal + own * km / (km + np.maximum(c, 0)) ** 2)
    jacobian.setDiagonal(slope)
    jacobian.assemble()


snes = PETSc.SNES().create(comm)
snes.setDM(da)
snes.setFunction(function, f)
snes.setJacobian(derive, jacobian)
snes.setTolerances(rtol=1e-8, stol=0)
snes.setUseEW(PETSc.Options().getInt("ew", 1) != 0)
snes.getKSP().setType("cg")
snes.getKSP().setTolerances(rtol=1e-3)
snes.setFromOptions()
snes.solve(None, x)
seconds = time.perf_counter() - start

function(snes, x, f)
residual = f.norm()
lifted = x.duplicate()
lifted.set(outside)
function(snes, lifted, f)
residual /= f.norm()
c = x.getArray(readonly=1)
local = [(q * c / (km + c)).sum() * (length / n) ** 3, c.sum() / n**3]
uptake, mean = (comm.tompi4py().allreduce(v) for v in local)
least = comm.tompi4py().allreduce(c.min(), MPI.MIN)
peak = comm.tompi4py().allreduce(getrusage(RUSAGE_SELF).ru_maxrss // 1024)
if comm.rank == 0:
    report(
        seconds, peak_mib=peak, uptake=uptake, mean=mean, min=least, residual=residual,
        newton=snes.getIterationNumber(), cycles=snes.getLinearSolveIterations(),
    )
