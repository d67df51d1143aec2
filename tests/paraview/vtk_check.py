"""Opens every run below a folder with vtk's VTKHDF and XDMF readers and compares every value.

Usage: python3 vtk_check.py FOLDER     (needs: pip install vtk numpy)
FOLDER holds runs named 3d-1, 3d-2 … 1d-3: grid and number of outputs.
"""

import sys
from pathlib import Path

try:
    import numpy as np
    from expected import HOURS, compare
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline as Pipeline
    from vtkmodules.vtkIOHDF import vtkHDFReader
    from vtkmodules.vtkIOXdmf2 import vtkXdmfReader
except ImportError as missing:
    print(f"NOT RUN: {missing}")
    sys.exit(77)


def first_image(data):
    """The image itself, or the first one in a tree of blocks."""
    while data is not None and data.IsA("vtkMultiBlockDataSet"):
        data = data.GetBlock(0)
    return data


def check(reader, where, grid, steps):
    reader.SetFileName(where)
    reader.UpdateInformation()
    info = reader.GetOutputInformation(0)
    key = Pipeline.TIME_STEPS()
    times = [info.Get(key, i) for i in range(info.Length(key))] if info.Has(key) else []
    if steps > 1 or times:
        assert np.allclose(times, HOURS[:steps], rtol=1e-15), (where, times)
    seen = 0
    for t in range(steps):
        if times:
            reader.UpdateTimeStep(times[t])
        else:
            reader.Update()
        seen += compare(where, grid, first_image(reader.GetOutputDataObject(0)), t)
    return seen


runs = seen = 0
for run in sorted(Path(sys.argv[1]).iterdir()):
    grid, steps = run.name.split("-")
    for reader, name in ((vtkHDFReader(), "plug.vtkhdf"), (vtkXdmfReader(), "plug.xdmf")):
        seen += check(reader, str(run / name), grid, int(steps))
    runs += 1
assert runs == 9, runs
print(f"vtk: {runs} runs, {seen} values equal to what was written")
