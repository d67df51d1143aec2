"""The same by ParaView: all of its XDMF readers and, where it can (5.12), the VTKHDF reader.

Usage: pvpython --force-offscreen-rendering paraview_check.py FOLDER
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import numpy as np
from expected import HOURS, compare
from paraview import servermanager, simple

version = simple.GetParaViewVersion()
readers = [("XDMFReader", "xdmf"), ("Xdmf3ReaderS", "xdmf"), ("Xdmf3ReaderT", "xdmf")]
if (version.major, version.minor) >= (5, 12):
    readers.append(("VTKHDFReader", "vtkhdf"))


def images(data):
    """The image itself, or the images in a tree of blocks."""
    if data.IsA("vtkMultiBlockDataSet"):
        return [i for b in range(data.GetNumberOfBlocks()) for i in images(data.GetBlock(b))]
    return [data]


runs = seen = 0
for run in sorted(Path(sys.argv[1]).iterdir()):
    grid, steps = run.name.split("-")
    steps = int(steps)
    for name, extension in readers:
        where = f"{run.name} {name}"
        path = str((run / f"plug.{extension}").resolve())
        make = getattr(simple, name)
        reader = make(FileNames=[path]) if name == "XDMFReader" else make(FileName=[path])
        reader.UpdatePipelineInformation()
        values = reader.TimestepValues
        times = list(values) if hasattr(values, "__len__") else [values]
        if steps > 1 or times:
            assert np.allclose(times, HOURS[:steps], rtol=1e-12), (where, times)
        for t in range(steps):
            reader.UpdatePipeline(times[t] if times else 0.0)
            data = servermanager.Fetch(reader)
            seen += compare(where, grid, images(data)[0], t)
        simple.Delete(reader)
    runs += 1
assert runs == 9, runs
names = ", ".join(name for name, _ in readers)
print(f"ParaView {version}: {names}: {runs} runs, {seen} values equal to what was written")
