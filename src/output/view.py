"""Shows this run in ParaView (5.11 or newer).

  paraview --script=view.py                               look around, play
  pvpython view.py                                        a plain window
  pvpython view.py --screenshot out.png                   a picture
  xvfb-run -a pvpython view.py --screenshot out.png       a picture without a screen
      --time 7          another time than the last, in the unit below
      --size 1800x900   pixels
      --flat            a cylinder as its sheet of r and z, not as a body

Colour bars span the whole run; in a picture, the time shown.

By hand: open the .xdmf and choose "XDMF Reader" (ParaView 5.12 or newer opens the .vtkhdf, too).
"""

import argparse
import math
import os
import sys

from paraview.simple import *

STEM = @STEM@
TITLE = @TITLE@
FIELDS = @FIELDS@  # name and unit, shown beside each other
PORES = @PORES@  # resolved pores: solid voxels hold no number
DIMENSIONS = @DIMENSIONS@
AXES = @AXES@
ROUND = @ROUND@  # a sheet of radius and height
TIME_UNIT = @TIME_UNIT@

INK = [0.13, 0.14, 0.17]
SOLID = [0.93, 0.90, 0.83]
PRESETS = ["Viridis (matplotlib)", "Inferno (matplotlib)"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--screenshot", help="write this picture and stop")
    parser.add_argument("--time", type=float, help=f"time to show ({TIME_UNIT})")
    parser.add_argument("--size", default="1800x900", help="pixels, WIDTHxHEIGHT")
    parser.add_argument("--flat", action="store_true", help="a cylinder as its sheet of r and z")
    return parser.parse_known_args()[0]


def here():
    """The folder of this script: some readers find data by absolute paths only."""
    try:
        return os.path.dirname(os.path.abspath(__file__))
    except NameError:
        return os.getcwd()


def times_of(reader):
    values = reader.TimestepValues
    return list(values) if hasattr(values, "__len__") else [values]


def ranges(reader, times):
    """Smallest and largest value of each field over these times; the colour bar starts at 0
    unless values are negative."""
    found = {name: (0.0, 0.0) for name, _ in FIELDS}
    for time in times:
        reader.UpdatePipeline(time)
        for name in found:
            low, high = reader.CellData[name].GetRange()
            if math.isfinite(low) and math.isfinite(high) and low <= high:
                found[name] = (min(found[name][0], low), max(found[name][1], high))
    return {n: (low, high if high > low else low + 1.0) for n, (low, high) in found.items()}


def typeset(unit):
    return unit.replace("^2", "²").replace("^3", "³")


def subset(reader, extent):
    return ExtractSubset(Input=reader, VOI=extent)


def finite(source, name, solid=False):
    """Voxels that hold a number, or those that do not."""
    part = Threshold(Input=source, Scalars=["CELLS", name])
    part.LowerThreshold, part.UpperThreshold = -1e300, 1e300
    part.Invert = 1 if solid else 0
    return part


def coloured(source, view, name, unit, number, limits):
    display = Show(source, view)
    display.Representation = "Surface"
    ColorBy(display, ("CELLS", name))
    colours = GetColorTransferFunction(name)
    colours.ApplyPreset(PRESETS[number % len(PRESETS)], True)
    colours.RescaleTransferFunction(*limits)
    colours.AutomaticRescaleRangeMode = "Never"
    colours.NanColor = SOLID
    # Colours as they are: the value counts, not the light.
    display.Ambient, display.Diffuse, display.Specular = 0.8, 0.2, 0.0
    bar = GetScalarBar(colours, view)
    bar.Title, bar.ComponentTitle = name, f"({typeset(unit)})" if unit else ""
    bar.TitleColor = bar.LabelColor = INK
    bar.TitleFontSize, bar.LabelFontSize = 18, 16
    bar.AutomaticLabelFormat, bar.LabelFormat = 0, "%-.3g"
    bar.AddRangeLabels = 0
    bar.UseCustomLabels, bar.CustomLabels = 1, ticks(*limits)
    bar.ScalarBarLength, bar.ScalarBarThickness = 0.6, 20
    bar.HorizontalTitle = 1
    bar.WindowLocation, bar.Position = "Any Location", [0.835, 0.2]
    bar.Visibility = 1
    return display


def ticks(low, high):
    """Round numbers between the ends of a colour bar."""
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = unit * next(n for n in (1, 2, 5, 10) if n * unit >= 0.999 * rough)
    first = math.ceil(low / step - 1e-6)
    return [step * i for i in range(first, math.floor(high / step + 1e-6) + 1)]


def ivory(source, view):
    display = Show(source, view)
    display.Representation = "Surface"
    ColorBy(display, None)
    display.DiffuseColor = display.AmbientColor = SOLID
    display.Ambient, display.Diffuse, display.Specular = 0.25, 0.8, 0.0


def block(reader, view, name, unit, number, limits, extent):
    """A block with its front quarter cut away. With pores: the scaffold, and the field on the
    faces of the cut."""
    x0, x1, y0, y1, z0, z1 = extent
    x, y = (x0 + x1) // 2, (y0 + y1) // 2
    halves = [[x0, x1, y, y1, z0, z1], [x0, x, y0, y, z0, z1]]
    if not PORES:
        for half in halves:
            coloured(subset(reader, half), view, name, unit, number, limits)
        return
    for half in halves:
        ivory(finite(subset(reader, half), name, solid=True), view)
    cuts = [[x, x1, y, y + 1, z0, z1], [x - 1, x, y0, y, z0, z1]]
    for cut in cuts:
        coloured(finite(subset(reader, cut), name), view, name, unit, number, limits)


def revolved(source, bounds):
    """Three quarters of the body of a sheet of radius and height, its axis upright; the sheet is
    on both faces of the cut. `None` where the sheet does not turn."""
    try:
        sheet = Slice(Input=source, SliceType="Plane", Triangulatetheslice=0)
        sheet.SliceType.Origin = [(bounds[2 * a] + bounds[2 * a + 1]) / 2 for a in range(3)]
        sheet.SliceType.Normal = [0.0, 0.0, 1.0]
        turned = Transform(Input=sheet, Transform="Transform")
        turned.Transform.Rotate = [90.0, 0.0, 0.0]
        body = RotationalExtrusion(Input=turned, Resolution=96, Capping=1, Angle=270.0)
        body.UpdatePipeline()
        return body if body.GetDataInformation().GetNumberOfCells() else None
    except Exception as error:
        print(f"view.py: a flat sheet, for {error}", file=sys.stderr)
        return None


def look(view, bounds, aspect, solid):
    """A slanted view of a body, straight down on a sheet; room for the colour bar at the right."""
    size = [bounds[2 * a + 1] - bounds[2 * a] for a in range(3)]
    centre = [(bounds[2 * a + 1] + bounds[2 * a]) / 2 for a in range(3)]
    if solid:
        away, right, up = [0.56, -0.68, 0.47], [0.772, 0.636, 0.0], [-0.299, 0.363, 0.883]
    else:
        away, right, up = [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
    wide = sum(abs(r) * s for r, s in zip(right, size)) / 2
    high = sum(abs(u) * s for u, s in zip(up, size)) / 2
    scale = max(high / 0.72, wide / (0.64 * aspect))
    middle = [c + 0.13 * aspect * scale * r for c, r in zip(centre, right)]
    view.CameraParallelProjection = 1
    view.CameraFocalPoint = middle
    view.CameraPosition = [m + 6.0 * max(size) * d for m, d in zip(middle, away)]
    view.CameraViewUp = up
    view.CameraParallelScale = scale


def axes(view, titles, solid):
    grid = view.AxesGrid
    grid.Visibility = 1
    grid.XTitle, grid.YTitle, grid.ZTitle = titles
    for axis in "XYZ":
        setattr(grid, axis + "TitleColor", INK)
        setattr(grid, axis + "LabelColor", INK)
        setattr(grid, axis + "TitleFontSize", 16)
        setattr(grid, axis + "LabelFontSize", 13)
    grid.GridColor = [0.6, 0.6, 0.62]
    if not solid:
        grid.AxesToLabel = 0b11  # the first x and y axes only
    else:
        grid.FacesToRender, grid.AxesToLabel = 0b000111, 0b001111


def write_on(view, reader, first):
    """The title (on the first view) and the time."""
    if first and TITLE:
        title = Text(Text=TITLE)
        shown = Show(title, view)
        shown.Color, shown.FontSize, shown.Bold = INK, 16, 1
        shown.WindowLocation = "Any Location"
        shown.Position = [0.03, 0.94]
    clock = AnnotateTimeFilter(Input=reader, Format="t = {time:g} " + TIME_UNIT)
    shown = Show(clock, view)
    shown.Color, shown.FontSize = INK, 16
    shown.WindowLocation, shown.Position = "Any Location", [0.03, 0.03]


def picture(reader, number, limits, extent, bounds, aspect, flat):
    name, unit = FIELDS[number]
    view = CreateView("RenderView")
    view.UseColorPaletteForBackground = 0
    view.BackgroundColorMode = "Single Color"
    view.Background = [1.0, 1.0, 1.0]
    view.OrientationAxesVisibility = 0
    solid, titles = DIMENSIONS == 3, AXES
    if solid:
        block(reader, view, name, unit, number, limits, extent)
    else:
        source = finite(reader, name) if PORES else reader
        body = revolved(source, bounds) if ROUND and not flat else None
        if body:
            r = bounds[1]
            solid, bounds = True, (-r, r, -r, r, bounds[2], bounds[3])
            titles = ("x (mm)", "y (mm)", AXES[1])
        coloured(body or source, view, name, unit, number, limits)
    axes(view, titles, solid)
    write_on(view, reader, number == 0)
    look(view, bounds, aspect, solid)
    return view


def profile(reader, number, limits, times, extent, bounds):
    """One axis: the field along it at the start, in between and at the end."""
    name, unit = FIELDS[number]
    view = CreateView("XYChartView")
    view.ChartTitle = TITLE if number == 0 else ""
    view.BottomAxisTitle = AXES[0]
    view.LeftAxisTitle = f"{name} ({typeset(unit)})" if unit else name
    view.LeftAxisUseCustomRange, view.LeftAxisRangeMinimum = 1, limits[0]
    view.LeftAxisRangeMaximum = limits[1] + 0.05 * (limits[1] - limits[0])
    view.BottomAxisUseCustomRange = 1
    view.BottomAxisRangeMinimum, view.BottomAxisRangeMaximum = bounds[0], bounds[1]
    half = (bounds[1] - bounds[0]) / (extent[1] - extent[0]) / 2
    y, z = (bounds[2] + bounds[3]) / 2, (bounds[4] + bounds[5]) / 2
    count = min(5, len(times))
    picked = [times[round(i * (len(times) - 1) / max(count - 1, 1))] for i in range(count)]
    for i, time in enumerate(picked):
        fixed = ForceTime(Input=reader, ForcedTime=time)
        line = PlotOverLine(Input=CellDatatoPointData(Input=fixed))
        line.Point1, line.Point2 = [bounds[0] + half, y, z], [bounds[1] - half, y, z]
        shown = Show(line, view)
        shown.UseIndexForXAxis, shown.XArrayName = 0, "Points_X"
        shown.SeriesVisibility = [name]
        shade = 0.85 * (1.0 - (i + 1) / len(picked))
        colour = [str(shade), str(0.25 + 0.7 * shade), str(0.45 + 0.5 * shade)]
        shown.SeriesColor = [name] + colour
        shown.SeriesLabel = [name, f"{time:g} {TIME_UNIT}"]
        shown.SeriesLineThickness = [name, "3"]
    values = servermanager.Fetch(line).GetPointData().GetArray(name)
    rises = values.GetTuple1(values.GetNumberOfTuples() - 1) > values.GetTuple1(0)
    view.LegendLocation = "TopLeft" if rises else "TopRight"
    return view


def main():
    options = arguments()
    reader = XDMFReader(FileNames=[os.path.join(here(), STEM + ".xdmf")])
    reader.UpdatePipelineInformation()
    times = times_of(reader)
    time = times[-1] if options.time is None else min(times, key=lambda t: abs(t - options.time))
    # One axis shows several times at once.
    alone = options.screenshot and DIMENSIONS > 1
    limits = ranges(reader, [time] if alone else {times[0], times[len(times) // 2], times[-1]})
    reader.UpdatePipeline(time)
    information = reader.GetDataInformation()
    extent, bounds = information.GetExtent(), information.GetBounds()

    size = [int(n) for n in options.size.lower().split("x")]
    aspect = size[0] / len(FIELDS) / size[1]
    layout = CreateLayout("blastema")
    views = []
    for number, (name, _) in enumerate(FIELDS):
        if DIMENSIONS == 1:
            view = profile(reader, number, limits[name], times, extent, bounds)
        else:
            view = picture(reader, number, limits[name], extent, bounds, aspect, options.flat)
        where = 0 if number == 0 else layout.SplitHorizontal(0, 0.5) + 1
        AssignViewToLayout(view=view, layout=layout, hint=where)
        views.append(view)
    if DIMENSIONS > 1 and len(views) == 2:
        AddCameraLink(views[0], views[1], "both")
    GetAnimationScene().UpdateAnimationUsingDataTimeSteps()
    GetAnimationScene().AnimationTime = time
    for view in views:
        view.ViewTime = time

    if options.screenshot:
        layout.SetSize(*size)
        SaveScreenshot(options.screenshot, layout, ImageResolution=size)
    elif "pvpython" in os.path.basename(sys.executable or "") or "vtkpython" in sys.executable:
        RenderAllViews()
        Interact(views[0])
    else:
        RenderAllViews()


main()
