"""Opens the master file and the last output of a run over and over until FOLDER/.stop is there.

vtk 9.7 opens a file three times for one reading; if it is another file the second time, vtk
writes past the end of a list of times. So each master is read through a link to what was found.

Usage: python3 reader.py FOLDER     (needs: pip install vtk numpy)
"""

import os
import sys
import time
from pathlib import Path

try:
    import numpy as np
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline as Pipeline
    from vtkmodules.vtkIOHDF import vtkHDFReader
except ImportError as missing:
    print(f"NOT RUN: {missing}")
    sys.exit(77)

folder = Path(sys.argv[1])
opened = steps = 0
errors = []


def read(path):
    """Values of oxygen at the last time of a file; counts what vtk complains about."""
    reader = vtkHDFReader()
    said = []
    reader.AddObserver("ErrorEvent", lambda *_: said.append(path.name))
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    info = reader.GetOutputInformation(0)
    key = Pipeline.TIME_STEPS()
    times = [info.Get(key, i) for i in range(info.Length(key))] if info.Has(key) else []
    if times:
        reader.UpdateTimeStep(times[-1])
    else:
        reader.Update()
    values = vtk_to_numpy(reader.GetOutput().GetCellData().GetArray("oxygen"))
    if said or not np.isfinite(values).all():
        errors.append(f"{path.name}: {said or 'values that are none'}")
    return max(len(times), 1)


print("ready", flush=True)
# The folder is not there before the run makes it; two minutes are enough for that.
deadline = time.time() + 120
while not (folder / ".stop").exists():
    masters = list(folder.glob("[!.]*.vtkhdf"))
    last = sorted((folder / "fields").glob("[0-9]*.h5"))[-1:] if folder.exists() else []
    if not masters and not opened and time.time() > deadline:
        sys.exit("no master file appeared")
    for path in masters + last:
        found = path.with_name(f".tmp-read-{path.name}")
        try:
            os.link(path, found)
            steps = max(steps, read(found))
        except Exception as e:
            errors.append(f"{path.name}: {e!r}")
        finally:
            found.unlink(missing_ok=True)
        opened += 1
for path in folder.glob("[!.]*.vtkhdf"):
    steps = read(path)
    opened += 1
print(f"{opened} files opened, {steps} outputs at the end, {len(errors) or 'no'} error(s)")
for e in errors[:10]:
    print(e)
sys.exit(1 if errors or opened < 3 else 0)
