"""Renders structures by recipe in ParaView and lays them side by side (docs/images/structures.png).

    cargo build --release
    xvfb-run -a pvpython docs/plots/structures.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from paraview import simple as pv
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkIOImage import vtkPNGReader, vtkPNGWriter

ROOT = Path(__file__).resolve().parents[2]
PIXELS = 420
BOX = ["--size", "1mm,1mm,1mm", "--voxel", "12.5um"]
RECIPES = [
    ["tpms", "surface=gyroid", "period=500um", "porosity=0.7"],
    ["tpms", "surface=schwarz-d", "kind=sheet", "period=500um", "porosity=0.75"],
    ["tpms", "surface=i-wp", "period=500um", "graded={ axis = 'z', from = 0.55, to = 0.85 }"],
    ["struts", "lattice=octet", "cell=1mm", "porosity=0.85"],
    ["woodpile", "diameter=150um", "spacing=333um", "layer=142.8um", "stagger=true"],
    ["packing", "radius=100um", "spread=0.3", "porosity=0.68", "seed=3"],
    ["leached", "size=220um", "porosity=0.78", "seed=7"],
    ["fibres", "diameter=50um", "length=2mm", "orientation=in-plane", "porosity=0.9", "seed=5"],
    ["blobs", "length=130um", "porosity=0.6", "seed=1"],
]
COLOURS = [
    [0.91, 0.83, 0.68], [0.56, 0.72, 0.80], [0.86, 0.62, 0.54], [0.68, 0.76, 0.58],
    [0.80, 0.72, 0.86], [0.90, 0.78, 0.48], [0.75, 0.80, 0.84], [0.88, 0.68, 0.76],
    [0.66, 0.78, 0.72],
]


def render(path, colour, picture):
    view = pv.CreateRenderView(ViewSize=[PIXELS, PIXELS], Background=[1, 1, 1])
    view.UseColorPaletteForBackground = 0
    view.OrientationAxesVisibility = 0
    # The surface that `--out NAME.stl` writes, in mm.
    source = pv.STLReader(FileNames=[str(path)])
    smooth = pv.GenerateSurfaceNormals(Input=source, FeatureAngle=40) if hasattr(
        pv, "GenerateSurfaceNormals") else pv.SurfaceNormals(Input=source, FeatureAngle=40)
    shown = pv.Show(smooth, view)
    shown.DiffuseColor = shown.AmbientColor = colour
    shown.Specular = 0.15
    view.CameraPosition = [3.1, -2.6, 2.4]
    view.CameraFocalPoint = [0.5, 0.5, 0.48]
    view.CameraViewUp = [0, 0, 1]
    view.CameraViewAngle = 22
    pv.Render(view)
    pv.SaveScreenshot(str(picture), view, ImageResolution=[PIXELS, PIXELS])
    pv.Delete(view)


def main():
    program = ROOT / "target/release/blastema"
    pictures = []
    with tempfile.TemporaryDirectory() as folder:
        for i, (recipe, colour) in enumerate(zip(RECIPES, COLOURS)):
            path, picture = Path(folder) / f"{i}.stl", Path(folder) / f"{i}.png"
            words = [program, "geometry", "make", *recipe, *BOX, "--out", path]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
            render(path, colour, picture)
            reader = vtkPNGReader()
            reader.SetFileName(str(picture))
            reader.Update()
            image = reader.GetOutput()
            width, height, _ = image.GetDimensions()
            pictures.append(vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 3))
    # Rows count from the bottom.
    rows = [np.hstack(pictures[i:i + 3]) for i in range(0, len(pictures), 3)]
    sheet = np.ascontiguousarray(np.vstack(rows[::-1]))
    image = vtkImageData()
    image.SetDimensions(sheet.shape[1], sheet.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(sheet.reshape(-1, 3)))
    writer = vtkPNGWriter()
    writer.SetFileName(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "docs/images/structures.png"))
    writer.SetInputData(image)
    writer.Write()


main()
