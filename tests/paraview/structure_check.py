"""Opens a structure (test `a_structure_opens_with_its_phases_and_shares`) with vtk's VTKHDF reader.

Usage: python3 structure_check.py FILE     (needs: pip install vtk numpy)
"""

import sys

try:
    import numpy as np
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOHDF import vtkHDFReader
except ImportError as missing:
    print(f"NOT RUN: {missing}")
    sys.exit(77)

reader = vtkHDFReader()
reader.SetFileName(sys.argv[1])
reader.Update()
image = reader.GetOutput()
assert image.GetDimensions() == (4, 5, 6), image.GetDimensions()
assert np.allclose(image.GetSpacing(), (0.02, 0.03, 0.04)), image.GetSpacing()
cells = image.GetCellData()
share = vtk_to_numpy(cells.GetArray("pore_share"))
phase = vtk_to_numpy(cells.GetArray("phase"))
wanted = np.arange(60) * 4 / 255
assert np.abs(share - wanted).max() < 1e-6, share
assert (phase == (np.arange(60) == 0)).all(), phase
print("values equal")
