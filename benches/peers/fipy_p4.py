"""The coupled culture by FiPy: python fipy_p4.py N [STEP s] [DAYS]

Three sweeps over the four equations a step. Prints means of oxygen, glucose, lactate and cells
(cells/m³) at days 7, 14 and 21.
"""

import sys
import time

import numpy as np

arguments = sys.argv[1:]
sys.argv = [sys.argv[0], "--scipy"]
from fipy import CellVariable, DiffusionTerm, Grid3D, ImplicitSourceTerm, TransientTerm
from fipy.solvers.scipy import LinearCGSolver

from problems import P4, report

n = int(arguments[0])
dt = float(arguments[1]) if len(arguments) > 1 else 3600.0
end = float(arguments[2]) * 86400 if len(arguments) > 2 else P4["end"]
p = type("P4", (), P4)
start = time.perf_counter()
h = p.length / n
mesh = Grid3D(nx=n, ny=n, nz=n, dx=h, dy=h, dz=h)
c, g, l, m = (CellVariable(mesh=mesh, value=v, hasOld=True) for v in (p.c0, p.g0, 0.0, p.n0))
for field, outside in ((c, p.c0), (g, p.g0), (l, 0.0)):
    field.constrain(outside, mesh.exteriorFaces)
glucose = g / (p.k_glucose + g)
growth = p.growth * c / (p.k_growth + c) * glucose / (1 + (l / p.k_lactate) ** 2)
death = p.death * p.k_death / (p.k_death + c)
equations = [
    TransientTerm() == DiffusionTerm(p.oxygen) - ImplicitSourceTerm(p.q_oxygen * m / (p.k_oxygen + c)),
    TransientTerm() == DiffusionTerm(p.glucose) - ImplicitSourceTerm(p.q_glucose * m / (p.k_glucose + g)),
    TransientTerm() == DiffusionTerm(p.lactate) + p.q_lactate * m * glucose,
    TransientTerm() == DiffusionTerm(p.cells) + m * growth - ImplicitSourceTerm(m * growth + death),
]
solver = LinearCGSolver(tolerance=1e-8, iterations=2000)
means = []
steps = int(round(end / dt))
for step in range(1, steps + 1):
    for field in (c, g, l, m):
        field.updateOld()
    for _ in range(3):
        for equation, field in zip(equations, (c, g, l, m)):
            equation.sweep(field, dt=dt, solver=solver)
    if abs(step * dt / 604800 - round(step * dt / 604800)) < 1e-9:
        fields = [float(np.mean(f.value)) for f in (c, g, l)] + [float(np.mean(m.value)) * 2e14]
        means.append([step * dt, *fields])
report(time.perf_counter() - start, means=means, steps=steps)
