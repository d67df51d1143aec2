"""What tests/output_sample wrote, and how a data set is compared with it."""

import numpy as np

SPACING = {"3d": (0.02, 0.03, 0.04), "2d": (0.02, 0.03, 0.02), "1d": (0.02, 0.02, 0.02)}
COUNTS = {"3d": (40, 32, 24), "2d": (21, 13, 1), "1d": (17, 1, 1)}
HOURS = (0.0, 1.0, 100000.0 / 3600.0)


def field(name, t, n):
    """Values of a field at step t in n voxels, x fastest."""
    v = np.arange(n, dtype=np.float64)
    if name == "solid":
        return (v % 5 == 0).astype(np.uint8)
    if name == "velocity":
        return np.stack([v, -0.5 * v, 0 * v + 0.25], axis=1).astype(np.float32)
    if name == "drift":
        return np.stack([0 * v + t, v, 1e3 * t - v], axis=1).astype(np.float32)
    x = v + 1e5 * t
    values = {"oxygen": 1e-6 * x + 0.1, "msc.viable": 1e7 * (x + 1.0), "double": x / 3.0}[name]
    values[v % 97 == 13] = np.nan
    return values if name == "double" else values.astype(np.float32)


def compare(where, grid, image, t):
    """Extent, spacing, origin, names and every value of a vtkImageData; returns values seen."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    counts = COUNTS[grid]
    assert image is not None and image.IsA("vtkImageData"), f"{where}: no image"
    assert image.GetDimensions() == tuple(c + 1 for c in counts), (where, image.GetDimensions())
    assert np.allclose(image.GetSpacing(), SPACING[grid], rtol=1e-6), (where, image.GetSpacing())
    assert np.allclose(image.GetOrigin(), 0), (where, image.GetOrigin())
    cells = image.GetCellData()
    names = sorted(cells.GetArrayName(i) for i in range(cells.GetNumberOfArrays()))
    assert names == ["double", "drift", "msc.viable", "oxygen", "solid", "velocity"], (where, names)
    n = int(np.prod(counts))
    for name in names:
        got, want = vtk_to_numpy(cells.GetArray(name)), field(name, t, n)
        assert got.shape == want.shape, (where, name, got.shape)
        assert np.array_equal(got, want, equal_nan=name != "solid"), (where, name)
    return 10 * n
