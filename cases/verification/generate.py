#!/usr/bin/env python3
"""Writes the verification cases from the reference numbers, which are copied, never adjusted.

    python3 cases/verification/generate.py ../shared/validation

The references are analytic, 50-digit quadratures or separate code (design.md, section 9).
Tolerances: relative where the reference exceeds 1e-3 of c0, else 1e-6 c0 absolute; never below 0.
"""
import csv, json, math, pathlib, sys

REFERENCES = pathlib.Path(sys.argv[1])
HERE = pathlib.Path(__file__).parent


def reference(name):
    return json.loads((REFERENCES / name / "reference.json").read_text())


def profile(name, file="profile.csv"):
    with open(REFERENCES / name / file) as f:
        return list(csv.DictReader(f))


def line(**keys):
    """One entry of `expect` as an inline table."""
    def toml(v):
        if isinstance(v, bool):
            return str(v).lower()
        if isinstance(v, (list, tuple)):
            return "[" + ", ".join(toml(x) for x in v) + "]"
        return json.dumps(v) if isinstance(v, str) else repr(v)
    return "  { " + ", ".join(f"{k} = {toml(v)}" for k, v in keys.items()) + " },\n"


def concentration(value, c0, within, **where):
    """A concentration with the tolerance that its size asks for."""
    value = float(value)
    if value <= 1e-3 * c0:
        within = f"{1e-6 * c0!r} mol/m^3"
    return line(what="oxygen", **where, value=f"{value!r} mol/m^3", within=within)


def bounds(c0, **where):
    """No value below zero or above the boundary's."""
    return line(what="oxygen", take="min", **where, between=["0 mol/m^3", f"{c0!r} mol/m^3"])


def rate(face, value, within):
    """Inflow through a face of 1 m x 1 m (an absent axis is 1 m long)."""
    return line(what=f"oxygen.in.{face}", rate=True, value=f"{float(value)!r} mol/s", within=within)


def write(name, title, comment, expect, body):
    text = "".join(f"# {c}\n" for c in comment.strip().splitlines())
    text += f"title = {json.dumps(title)}\n\nexpect = [\n{''.join(expect)}]\n\n{body.strip()}\n"
    (HERE / f"{name}.toml").write_text(text)


def slab(length_mm, voxels):
    return f'[domain]\nshape  = "box"\nsize   = ["{length_mm} mm"]\nvoxels = [{voxels}]\n\n'


def transient(times, tolerance):
    at = json.dumps([f"{t} s" for t in times])
    return (f'[run]\nduration = "{times[-1]} s"\naccuracy = {{ time = {tolerance}, solver = 1e-10 }}\n'
            f"output = {{ at = {at} }}\n")


STEADY = "[run]\nsteady = true\naccuracy = { solver = 1e-11 }\n"


def v01():
    name = "v01_slab_transient_diffusion"
    ref, rows = reference(name), profile(name)
    c0, times = ref["c0_mol_m3"], ref["times_s"]
    for suffix, column, decay in [("", "c_t", None), ("-sink", "c_sink_t", ref["k_1_s"])]:
        expect = []
        for t in times:
            for row in rows[1:11:3] + [rows[10]]:
                x = float(row["x_m"])
                for at in sorted({f"{x * 1e3:.1f} mm", f"{(ref['L_m'] - x) * 1e3:.1f} mm"}):
                    expect.append(concentration(row[f"{column}{t}"], c0, "0.01 %", at=[at], time=f"{t} s"))
            expect.append(bounds(c0, time=f"{t} s"))
        write(f"v01-transient-slab{suffix}", f"v01: transient slab{', first-order sink' if decay else ''}",
              "Fourier series to 40 digits: a slab of 2 mm, empty at first, c0 on both faces.",
              expect, slab(2, 600) +
              f'[solutes.oxygen]\ndiffusivity = "{ref["D_m2_s"]!r} m^2/s"\ninitial = "0 mol/m^3"\n'
              + (f'decay.value = "{decay!r} 1/s"\n' if decay else "")
              + "".join(f'boundary.{f}.value = "{c0!r} mol/m^3"\n' for f in ("x_min", "x_max"))
              + "\n" + transient(times, 1e-8))


def v02():
    name = "v02_erfc_halfspace"
    ref, rows = reference(name), profile(name)
    c0, times, expect = ref["c0_mol_m3"], ref["times_s"], []
    for t, uptake, at_1mm in zip(times, ref["uptake_mol_m2"], ref["c_at_1mm"]):
        expect.append(line(what="oxygen.in.x_min", time=f"{t} s", value=f"{uptake!r} mol", within="0.1 %"))
        expect.append(concentration(at_1mm, c0, "0.1 %", at=["1 mm"], time=f"{t} s"))
        for row in rows[2:41:4]:
            expect.append(concentration(row[f"c_t{t}"], c0, "0.1 %",
                                        at=[f"{float(row['x_m']) * 1e3:g} mm"], time=f"{t} s"))
        expect.append(bounds(c0, time=f"{t} s"))
    write("v02-half-space", "v02: diffusion into a half-space",
          "c = c0 erfc(x/(2 sqrt(D t))), uptake 2 c0 sqrt(D t/pi); 30 mm are as good as endless.",
          expect, slab(30, 4000) +
          f'[solutes.oxygen]\ndiffusivity = "{ref["D_m2_s"]!r} m^2/s"\ninitial = "0 mol/m^3"\n'
          f'boundary.x_min.value = "{c0!r} mol/m^3"\n\n' + transient(times, 1e-8))


def v03():
    c0, D, L, n = 0.2, 1e-9, 1e-3, 1e12
    for row in reference("v03_thiele_first_order")["rows"]:
        phi = row["phi"]
        k = phi**2 * D / L**2
        expect = [concentration(row["slab_c_centre"] * c0, c0, "0.1 %", at=["0 mm"]),
                  rate("x_max", row["slab_eta"] * k * c0 * L, "0.1 %"), bounds(c0)]
        by_cells = phi >= 3
        write(f"v03-thiele-{phi:g}", f"v03: first-order uptake in a slab, Thiele modulus {phi:g}",
              f"c/c0 = cosh(phi x/L)/cosh(phi), eta = tanh(phi)/phi; here the rate is that of\n"
              + ("cells: clearance x density = phi^2 D/L^2." if by_cells else "decay: k = phi^2 D/L^2."),
              expect, slab(1, 400) +
              f'[solutes.oxygen]\ndiffusivity = "{D!r} m^2/s"\ninitial = "{c0!r} mol/m^3"\n'
              + ("" if by_cells else f'decay.value = "{k!r} 1/s"\n')
              + f'boundary.x_max.value = "{c0!r} mol/m^3"\n\n'
              + (f'[cells.msc]\ntype = "custom"\nseeding.uniform = {{ density = "{n:g} cells/m^3" }}\n'
                 f'uptake.oxygen.first-order = {{ clearance = "{k / n!r} m^3/cell/s" }}\n\n' if by_cells else "")
              + STEADY)


def v05():
    c0, D, L, n = 0.2, 2e-9, 1e-3, 1e13
    wanted = {("0.5", "1"), ("1", "0.1"), ("1", "0.01"), ("2", "0.05"), ("3", "0.01"), ("5", "0.1"),
              ("10", "1"), ("10", "0.1"), ("10", "0.01")}
    for row in reference("v05_mm_slab")["rows"]:
        if (row["phi2"], row["kappa"]) not in wanted:
            continue
        phi2, kappa = float(row["phi2"]), float(row["kappa"])
        expect = [concentration(float(row["u_centre"]) * c0, c0, "0.1 %", at=["0 mm"]),
                  rate("x_max", float(row["surface_flux"]) * D * c0 / L, "0.1 %"), bounds(c0)]
        write(f"v05-michaelis-menten-{row['phi2']}-{row['kappa']}",
              f"v05: Michaelis-Menten slab, phi2 = {row['phi2']}, kappa = {row['kappa']}",
              "Quadrature of the first integral to 50 digits; phi2 = V n L^2/(D c0), kappa = Km/c0.",
              expect, slab(1, 400) +
              f'[solutes.oxygen]\ndiffusivity = "{D!r} m^2/s"\ninitial = "{c0!r} mol/m^3"\n'
              f'boundary.x_max.value = "{c0!r} mol/m^3"\n\n'
              f'[cells.msc]\ntype = "custom"\nseeding.uniform = {{ density = "{n:g} cells/m^3" }}\n'
              f'uptake.oxygen.michaelis-menten = {{ vmax = "{phi2 * D * c0 / L**2 / n!r} mol/cell/s", '
              f'km = "{kappa * c0!r} mol/m^3" }}\n\n' + STEADY)


def two_values(c_left, c_right, D):
    return (f'[solutes.oxygen]\ndiffusivity_in_scaffold = "{D!r} m^2/s"\ninitial = "{c_right!r} mol/m^3"\n'
            f'boundary.x_min.value = "{c_left!r} mol/m^3"\nboundary.x_max.value = "{c_right!r} mol/m^3"\n\n')


def region(name, shape, D):
    return f'[regions.{name}]\nshape.{shape}\nsolutes.oxygen.diffusivity_in_scaffold = "{D!r} m^2/s"\n\n'


EXACT = "[run]\nsteady = true\naccuracy = { solver = 1e-13 }\n"


def round_domain(shape, outer_mm, voxels, inner_mm=None):
    inner = f'inner_radius = "{inner_mm:g} mm"\n' if inner_mm else ""
    return f'[domain]\nshape  = "{shape}"\nsize   = ["{outer_mm:g} mm"]\n{inner}voxels = [{voxels}]\n\n'


def zero_order_cells(n, vmax):
    return (f'[cells.msc]\ntype = "custom"\nseeding.uniform = {{ density = "{n} cells/m^3" }}\n'
            f'uptake.oxygen.zero-order = {{ vmax = "{vmax} mol/cell/s" }}\n\n')


def v04():
    ref = reference("v04_zero_order_dead_core")
    c0, D, R, voxels = ref["c0"], ref["D"], ref["R"], 60
    h = R / voxels
    # Zero value and slope at the edge of the core.
    forms = {
        "slab": lambda r, e, q: q / (2 * D) * (r - e) ** 2,
        "cylinder": lambda r, e, q: q / (4 * D) * (r**2 - e**2 - 2 * e**2 * math.log(r / e)),
        "sphere": lambda r, e, q: q / (6 * D) * (r**2 + 2 * e**3 / r - 3 * e**2),
    }
    for row in ref["rows"]:
        q = row["q_mol_m3_s"]
        for form, c in forms.items():
            at = {"slab": None, "cylinder": row["cyl_rc_over_R"], "sphere": row["sphere_rc_over_R"]}[form]
            if isinstance(at, str) or row["slab_penetration_m"] >= R:
                continue
            edge = R - row["slab_penetration_m"] if form == "slab" else at * R
            if edge < 2 * h:
                continue
            face = "x_max" if form == "slab" else "r_max"
            expect = [bounds(c0)]
            for r in (0.5 * (edge + R), 0.25 * edge + 0.75 * R):
                expect.append(concentration(c(r, edge, q), c0, "1 %", at=[f"{r * 1e3!r} mm"]))
            # The edge within one voxel: empty below, oxygen above.
            expect.append(line(what="oxygen", at=[f"{(edge - h) * 1e3!r} mm"],
                               between=["0 mol/m^3", f"{1e-4 * c0!r} mol/m^3"]))
            expect.append(line(what="oxygen", at=[f"{(edge + h) * 1e3!r} mm"],
                               between=[f"{0.5 * c(edge + h, edge, q)!r} mol/m^3", f"{c0!r} mol/m^3"]))
            domain = slab(R * 1e3, voxels) if form == "slab" else round_domain(form, R * 1e3, voxels)
            write(f"v04-zero-order-{form}-{row['n_cells_m3']}", f"v04: zero-order uptake, dead core of a {form}",
                  "Closed form with zero value and slope at the edge of the core. The law is Michaelis-Menten\n"
                  "with Km = 1e-4 c0, so some oxygen is left beyond the edge.",
                  expect, domain +
                  f'[solutes.oxygen]\ndiffusivity = "{D!r} m^2/s"\ninitial = "{c0!r} mol/m^3"\n'
                  f'boundary.{face}.value = "{c0!r} mol/m^3"\n\n'
                  + zero_order_cells(row["n_cells_m3"], row["ocr_mol_cell_s"]) + STEADY)


def v06():
    c0, D, R, n = 0.2, 2e-9, 1e-3, 1e13
    for row in reference("v06_mm_sphere_lin_mcelwain")["rows"]:
        a, K = float(row["a"]), float(row["K"])
        area = 4 * math.pi * R**2
        expect = [concentration(float(row["y_centre"]) * c0, c0, "0.01 %", at=["0 mm"]),
                  concentration(float(row["y_half"]) * c0, c0, "0.01 %", at=["0.5 mm"]),
                  concentration(float(row["y_surface"]) * c0, c0, "0.01 %", at=["1 mm"]),
                  rate("r_max", float(row["dy_surface"]) * D * c0 / R * area, "0.02 %"), bounds(c0)]
        wall = (f'value = "{c0!r} mol/m^3"' if row["H"] is None else
                f'transfer = {{ outside = "{c0!r} mol/m^3", coefficient = "{float(row["H"]) * D / R!r} m/s" }}')
        write(f"v06-sphere-{row['a']}-{row['K']}", f"v06: Michaelis-Menten sphere, a = {row['a']}, K = {row['K']}",
              "Lin 1976 with McElwain 1978's numbers, Taylor series to 30 digits; a = V n R^2/(D c0), K = Km/c0.",
              expect, round_domain("sphere", 1, 200) +
              f'[solutes.oxygen]\ndiffusivity = "{D!r} m^2/s"\ninitial = "{c0!r} mol/m^3"\n'
              f'boundary.r_max.{wall}\n\n'
              f'[cells.msc]\ntype = "custom"\nseeding.uniform = {{ density = "{n:g} cells/m^3" }}\n'
              f'uptake.oxygen.michaelis-menten = {{ vmax = "{a * D * c0 / R**2 / n!r} mol/cell/s", '
              f'km = "{K * c0!r} mol/m^3" }}\n\n' + STEADY)


def v10():
    name = "v10_krogh"
    ref, rows = reference(name), profile(name)
    c0, D, n = ref["cp"], ref["D"], 1e14
    for kind, column in (("zero-order", "c_zero_order"), ("first-order", "c_first_order")):
        expect = [bounds(c0), concentration(ref[f"c_Rt_{kind.replace('-', '_')}"], c0, "0.1 %", at=["0.3 mm"])]
        expect += [concentration(row[column], c0, "0.1 %", at=[f"{float(row['r_m']) * 1e3:g} mm"])
                   for row in rows[2:25:4]]
        law = (f'zero-order = {{ vmax = "{ref["q"] / n!r} mol/cell/s" }}' if kind == "zero-order" else
               f'first-order = {{ clearance = "{ref["k"] / n!r} m^3/cell/s" }}')
        write(f"v10-krogh-{kind}", f"v10: Krogh cylinder, {kind} uptake",
              "Tissue around a vessel, closed form (Krogh 1919; modified Bessel functions).", expect,
              round_domain("cylinder", ref["Rt"] * 1e3, 100, ref["Rc"] * 1e3) +
              f'[solutes.oxygen]\ndiffusivity = "{D!r} m^2/s"\ninitial = "{c0!r} mol/m^3"\n'
              f'boundary.r_min.value = "{c0!r} mol/m^3"\n\n'
              f'[cells.msc]\ntype = "custom"\nseeding.uniform = {{ density = "{n:g} cells/m^3" }}\n'
              f'uptake.oxygen.{law}\n\n' + STEADY)


def v11():
    ref = reference("v11_laminate_checkerboard")
    for row in ref["rows"]:
        f1, scale = row["f1"], 1e-9 if row["k1"] == 1 else 1.0
        D1, D2 = row["k1"] * scale, row["k2"] * scale
        for kind, axis in (("series", "x"), ("parallel", "y")):
            dims = 1 if kind == "series" else 2
            area = 1.0 if kind == "series" else 1e-3
            write(f"v11-laminate-{kind}-{f1:g}", f"v11: laminate in {kind}, {f1:g} of {D1:g}, rest {D2:g} m^2/s",
                  "Harmonic mean across the layers, arithmetic mean along them: exact on aligned voxels.",
                  [rate("x_min", row[kind] * scale * 1.0 / 1e-3 * area, "1e-8 %")],
                  f'[domain]\nshape  = "box"\nsize   = {json.dumps(["1 mm"] * dims)}\nvoxels = {[20] * dims}\n\n'
                  + two_values(1.0, 0.0, D1)
                  + region("second", f'layer = {{ axis = "{axis}", from = "{f1:g} mm", to = "1 mm" }}', D2)
                  + EXACT)
    slab_ref = ref["composite_slab"]
    flux, left = slab_ref["flux_mol_m2_s"], slab_ref["c_left"]
    near = 0.95e-3    # centre of the last voxel before the interface: linear up to c_interface there
    expect = [rate("x_min", flux, "1e-8 %"), rate("x_max", -flux, "1e-8 %"),
              line(what="oxygen", at=["0.95 mm"], within="1e-8 %",
                   value=f"{left + (slab_ref['c_interface'] - left) * near / slab_ref['L1_m']!r} mol/m^3"),
              # half a voxel of linear interpolation lies on either side of the kink
              line(what="oxygen", at=["1 mm"], value=f"{slab_ref['c_interface']!r} mol/m^3", within="1 %")]
    write("v11-composite-slab", "v11: two layers in series",
          "Flux and interface concentration of a composite slab.", expect,
          slab(3, 30) + two_values(left, slab_ref["c_right"], slab_ref["D1"])
          + region("second", 'layer = { axis = "x", from = "1 mm", to = "3 mm" }', slab_ref["D2"]) + EXACT)
    row = ref["rows"][0]
    write("v11-checkerboard", "v11: two-dimensional checkerboard",
          "Four blocks of 128 x 128 voxels; plates and sealed sides mirror them into a checkerboard.\n"
          "sqrt(k1 k2) by Keller's theorem; corners are singular, so convergence is slow.",
          [rate("x_min", row["checkerboard_2D_if_f_half"] * 1e-9, "1 %")],
          '[domain]\nshape  = "box"\nsize   = ["1 mm", "1 mm"]\nvoxels = [256, 256]\n\n'
          + two_values(1.0, 0.0, row["k1"] * 1e-9)
          + region("low", 'box = { from = ["0.5 mm", "0 mm"], to = ["1 mm", "0.5 mm"] }', row["k2"] * 1e-9)
          + region("high", 'box = { from = ["0 mm", "0.5 mm"], to = ["0.5 mm", "1 mm"] }', row["k2"] * 1e-9)
          + STEADY)


def v14():
    name = "v14_growth_death_ode"
    ref, rows = reference(name), profile(name, "series.csv")
    run = ('[run]\nduration = "28 d"\naccuracy = { time = 1e-6, max_step = "30 min" }\n'
           'output = { at = ["1 d", "3 d", "7 d", "14 d", "28 d"] }\n')
    head = '[domain]\nshape  = "box"\nsize   = ["1 mm"]\nvoxels = [4]\n\n[cells.msc]\ntype = "custom"\n'
    seeding = f'seeding.uniform = {{ density = "{ref["n0"]:g} cells/m^3" }}\n'

    def expect(columns):
        lines = []
        for d in (1, 3, 7, 14, 28):
            for field, column in columns:
                value = float(rows[d][column])
                within = "0.01 %" if value > 1e-3 * ref["n0"] else f"{1e-6 * ref['n0']!r} cells/m^3"
                lines.append(line(what=f"msc.{field}", take="mean", time=f"{d} d",
                                  value=f"{value!r} cells/m^3", within=within))
        return lines
    write("v14-logistic", "v14: logistic growth", "n = K/(1 + (K/n0 - 1) exp(-mu t)).",
          expect([("viable", "logistic")]),
          head + seeding + f'capacity = {{ density = "{ref["K"]:g} cells/m^3", counts = ["viable"] }}\n'
          'growth.rate.doubling_time = "1.5 d"\ngrowth.crowding = "logistic"\n\n' + run)
    write("v14-death-chain", "v14: viable, necrotic, lysed",
          "Bateman chain: death with a time constant of 2 d, lysis of 7 d.",
          expect([("viable", "viable"), ("dead.age", "necrotic")]),
          head + seeding + 'death.age.rate.time_constant = "2 d"\nlysis.rate.time_constant = "7 d"\n\n' + run)


def v14_release():
    ref, rows = reference("v14_growth_death_ode"), profile("v14_growth_death_ode", "series.csv")
    expect = []
    for d in (1, 3, 7, 14, 28):
        share = float(rows[d]["released_frac"])
        where = dict(take="mean", time=f"{d} d", within="0.01 %")
        # 1 mol/m3 in 1 mm x 1 m x 1 m; half of the volume is fluid.
        expect.append(line(what="bmp2.released", value=f"{1e-3 * share!r} mol", time=f"{d} d", within="0.01 %"))
        expect.append(line(what="bmp2", value=f"{share / 0.5!r} mol/m^3", **where))
    write("v14-release", "v14: release of first order", "1 - exp(-k t), k = 1/(5 d), into sealed pores of porosity 0.5.",
          expect, slab(1, 4) + '[scaffold]\nporosity = 0.5\neffective_diffusivity.area = {}\n\n'
          '[solutes.bmp2]\ndiffusivity = "1e-10 m^2/s"\ninitial = "0 mol/m^3"\n'
          'release.loaded = "1 mol/m^3"\nrelease.law.first-order.rate.time_constant = "5 d"\n\n'
          '[run]\nduration = "28 d"\noutput = { at = ["1 d", "3 d", "7 d", "14 d", "28 d"] }\n')


def v14_autocatalysis():
    ref, rows = reference("v14_growth_death_ode"), profile("v14_growth_death_ode", "series.csv")
    # v' = -k v(1 - v) from w0 is w' = -k w0 w(1 - w + a), w = v/w0, a = 1/w0 - 1.
    w0 = ref["w0"]
    rate, start = ref["k_autocat"] * w0, 1 / w0 - 1
    expect = [line(what="scaffold", take="mean", time=f"{d} d", within="1e-9",
                   value=0.2 * float(rows[d]["scaffold_autocat_frac"]) / w0) for d in (1, 3, 7, 14, 28)]
    half = ref["autocat_half_time_d"]
    expect.append(line(what="scaffold", take="mean", time=f"{half!r} d", value=0.2 * 0.5 / w0, within="1e-9"))
    write("v14-autocatalysis", "v14: autocatalytic degradation",
          "v = 1/(1 + (1 - w0)/w0 exp(k t)), half at ln(w0/(1 - w0))/k; here w = v/w0, so k w0 and a = 1/w0 - 1.",
          expect, slab(1, 4) + '[scaffold]\nporosity = 0.8\n'
          f'degradation.autocatalytic = {{ rate.value = "{rate!r} 1/s", start = {start!r} }}\n\n'
          '[run]\nduration = "50 d"\n')


def v20():
    ref = reference("v20_mm_transient_gel")
    p, times, expect = ref["params"], [int(t) for t in ref["t_s"]], []
    for t, centre, mean in zip(times, ref["c_x0"], ref["mean_c"]):
        expect.append(concentration(centre, p["c0"], "0.3 %", at=["0 mm"], time=f"{t} s"))
        expect.append(concentration(mean, p["c0"], "0.3 %", take="mean", time=f"{t} s"))
    write("v20-oxygen-step-gel", "v20: oxygen step on a fibrin gel with cells",
          "Parameters of Ehsan and George 2013; separate code, Richardson extrapolated.", expect,
          slab(2, 400) + f'[solutes.oxygen]\ndiffusivity = "{p["D"]!r} m^2/s"\ninitial = "{p["ci"]!r} mol/m^3"\n'
          f'boundary.x_max.value = "{p["c0"]!r} mol/m^3"\n\n'
          f'[cells.fibroblast]\ntype = "custom"\nseeding.uniform = {{ density = "{p["n"]:g} cells/m^3" }}\n'
          f'uptake.oxygen.michaelis-menten = {{ vmax = "{p["V"]!r} mol/cell/s", km = "{p["Km"]!r} mol/m^3" }}\n\n'
          + transient(times, 1e-5))


for case in (v01, v02, v03, v04, v05, v06, v10, v11, v14, v14_release, v14_autocatalysis, v20):
    case()
