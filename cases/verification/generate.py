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


def exponential(matrix, t):
    """exp(matrix t) by scaling, Taylor series and squaring; exact to 1e-14 for small matrices."""
    n = range(len(matrix))
    product = lambda a, b: [[math.fsum(a[i][k] * b[k][j] for k in n) for j in n] for i in n]
    halvings = 10 + max(0, math.ceil(math.log2(t * max(abs(x) for row in matrix for x in row))))
    small = [[x * t / 2**halvings for x in row] for row in matrix]
    term = total = [[float(i == j) for j in n] for i in n]
    for k in range(1, 12):
        term = [[x / k for x in row] for row in product(term, small)]
        total = [[a + b for a, b in zip(*rows)] for rows in zip(total, term)]
    for _ in range(halvings):
        total = product(total, total)
    return total


def populations():
    """Cells without space against linear equations; closed forms, or a matrix exponential."""
    n0, K = 5e12, 1e14
    hours = (6, 12, 24, 48)
    head = '[domain]\nshape  = "box"\nsize   = ["1 mm"]\nvoxels = [4]\n\n'
    seeding = f'type = "custom"\nseeding.uniform = {{ density = "{n0:g} cells/m^3" }}\n'
    half = '[solutes.oxygen]\ndiffusivity = "2e-9 m^2/s"\ninitial = "5e-3 mol/m^3"\n\n'
    when = 'when.oxygen.below = { half = "5e-3 mol/m^3" }'

    def run(times, unit, accuracy=1e-6, longest=30):
        at = json.dumps([f"{t} {unit}" for t in times])
        return (f'[run]\nduration = "{times[-1]} {unit}"\naccuracy = {{ time = {accuracy}, max_step = "{longest} min" }}\n'
                f"output = {{ at = {at} }}\n")

    def expect(times, unit, fields):
        lines = []
        for t in times:
            for field, value in fields(t):
                within = "0.01 %" if value > 1e-3 * n0 else f"{1e-6 * n0!r} cells/m^3"
                lines.append(line(what=field, take="mean", time=f"{t} {unit}",
                                  value=f"{value!r} cells/m^3", within=within))
        return lines

    k = 4 / 12    # 1/h: four stages in 12 h, and death from the last as fast
    def erlang(t):
        alive = math.exp(-k * t) * math.fsum((k * t)**i / math.factorial(i) for i in range(5))
        return [("msc.viable", n0 * alive), ("msc.dead.hypoxia", n0 * (1 - alive))]
    write("v14-exposure", "v14: death after an exposure of 12 h under a full hazard",
          "Four stages of 3 h, then death with a time constant of 3 h: Erlang's distribution,\n"
          "n/n0 = exp(-k t) sum (k t)^i/i!, i = 0 ... 4, k = 1/(3 h).", expect(hours, "h", erlang),
          head + "[cells.msc]\n" + seeding
          + 'death.hypoxia = { rate.time_constant = "3 h", exposure = "12 h" }\n\n' + run(hours, "h", 1e-8, 10))

    stages, tau, recovery, rate = 3, 12.0, 30.0, 1 / 4
    up, down, death = stages * 0.5 / tau, stages * 0.5 / recovery, 0.5 * rate
    matrix = [[0.0] * (stages + 1) for _ in range(stages + 1)]
    for m in range(stages):
        matrix[m][m] -= up
        matrix[m + 1][m] += up
        matrix[m + 1][m + 1] -= down
        matrix[m][m + 1] += down
    matrix[stages][stages] -= death
    def healing(t):
        alive = math.fsum(row[0] for row in exponential(matrix, t))
        return [("msc.viable", n0 * alive), ("msc.dead.hypoxia", n0 * (1 - alive))]
    write("v14-exposure-recovery", "v14: death after exposure, half a hazard, with recovery",
          "Three stages of damage, forward at 3 H/(12 h), back at 3 (1 - H)/(30 h), death at H/(4 h) in\n"
          "the last, H = 1/2: exponential of the 4 x 4 matrix.", expect(hours, "h", healing),
          head + half + "[cells.msc]\n" + seeding + 'death.hypoxia = { rate.time_constant = "4 h", '
          f'exposure = "12 h", stages = 3, recovery = "30 h", {when} }}\n\n' + run(hours, "h", 1e-8, 10))

    sleep, wake = 0.5 / 10, 0.5 / 20
    def resting(t):
        asleep = sleep / (sleep + wake) * (1 - math.exp(-(sleep + wake) * t))
        return [("msc.viable", n0 * (1 - asleep)), ("msc.quiescent", n0 * asleep)]
    write("v14-quiescence", "v14: quiescence under half a trigger",
          "Two states: q/n0 = a/(a + b) (1 - exp(-(a + b) t)), a = 1/(20 h), b = 1/(40 h).",
          expect(hours, "h", resting),
          head + half + "[cells.msc]\n" + seeding + 'quiescence = { rate.time_constant = "10 h", '
          f'recovery.time_constant = "20 h", {when} }}\n\n' + run(hours, "h"))

    days, a, b = (1, 3, 7, 14), 1 / 3, 1 / 8
    def lineage(t):
        first = math.exp(-a * t)
        second = a * (first - math.exp(-b * t)) / (b - a)
        return [("msc.viable", n0 * first), ("osteoblast.viable", n0 * second),
                ("osteocyte.viable", n0 * (1 - first - second))]
    write("v14-differentiation", "v14: stem cells, osteoblasts, osteocytes",
          "Bateman chain of differentiation with time constants of 3 d (half a trigger of 1.5 d) and 8 d.",
          expect(days, "d", lineage), head + half + "[cells.msc]\n" + seeding
          + f'differentiation.osteoblast = {{ rate.time_constant = "1.5 d", {when} }}\n\n'
          '[cells.osteoblast]\ndifferentiation.osteocyte.rate.time_constant = "8 d"\n\n'
          '[cells.osteocyte]\n\n' + run(days, "d"))

    mu = math.log(2) / 1.5
    def shared(t):
        both = K / (1 + (K / n0 - 1) * math.exp(-mu * t))
        return [("a.viable", 0.4 * both), ("b.viable", 0.6 * both)]
    part = ('type = "custom"\nseeding.uniform = { density = "%g cells/m^3" }\n'
            f'capacity = {{ density = "{K:g} cells/m^3", counts = ["viable"] }}\n'
            'growth.rate.doubling_time = "1.5 d"\ngrowth.crowding = "logistic"\n\n')
    write("v14-shared-room", "v14: two populations in one room",
          "Together n = K/(1 + (K/n0 - 1) exp(-mu t)), apart in the proportion of the seeding, 2 to 3.",
          expect(days, "d", shared),
          head + "[cells.a]\n" + part % (0.4 * n0) + "[cells.b]\n" + part % (0.6 * n0) + run(days, "d"))

    mu = math.log(2) / 2
    def added(t):
        return [("msc.viable", n0 * (math.exp(mu * t) + sum(m * math.exp(mu * (t - s)) for s, m in
                                                            ((2.5, 0.5), (5.0, 1.0)) if t > s)))]
    write("v14-reseeding", "v14: cells added twice to a growing population",
          "Each addition grows from its moment on: n0 exp(mu t) + sum m exp(mu (t - s)).",
          expect(days, "d", added), head + "[cells.msc]\n" + seeding
          + 'growth.rate.doubling_time = "2 d"\nreseeding = [\n'
          f'  {{ at = "2.5 d", seeding.uniform = {{ density = "{0.5 * n0:g} cells/m^3" }} }},\n'
          f'  {{ at = "5 d", seeding.number = {{ of = "{n0 * 1e-3 * 1.25:g} cells", efficiency = 0.8 }} }},\n'
          ']\n\n' + run(days, "d"))
def v14_shear():
    """Growth and detachment at a shear of 20 mPa, where both laws have half their effect."""
    n0, days, porosity, permeability, viscosity, shear = 5e12, (1, 3, 7), 0.9, 1e-10, 0.69e-3, 20e-3
    u = shear * math.sqrt(porosity * permeability) / (math.sqrt(2) * viscosity)
    leaves = 0.5 / 4
    net = 1.5 * math.log(2) / 5 - leaves
    expect = []
    for t in days:
        n = n0 * math.exp(net * t)
        gone = leaves * n0 * math.expm1(net * t) / net * 1e-3
        expect.append(line(what="msc.viable", take="mean", time=f"{t} d", value=f"{n!r} cells/m^3", within="0.01 %"))
        expect.append(line(what="msc.detached", time=f"{t} d", value=f"{gone!r} cells", within="0.01 %"))
    write("v14-shear", "v14: growth and detachment in a flow",
          "n0 exp((1.5 mu - k/2) t), mu = ln 2/(5 d), k = 1/(4 d): both at half their effect at the wall shear of\n"
          "sqrt(2) mu_w u/sqrt(eps K) = 20 mPa; k/2 times the integral of n has left.",
          expect, slab(1, 4) + f'[scaffold]\nporosity = {porosity}\neffective_diffusivity.bruggeman = {{}}\n\n'
          f'[flow]\nviscosity = "0.69 mPa s"\nlaw.darcy.permeability = "{permeability} m^2"\n'
          # An absent axis is 1 m long.
          f'boundary.x_min.rate = "{u!r} m^3/s"\nboundary.x_max.pressure = "0 Pa"\n\n'
          f'[cells.msc]\nseeding.uniform = {{ density = "{n0:g} cells/m^3" }}\ngrowth.rate.doubling_time = "5 d"\n'
          'growth.stimulation.wall_shear = { factor = 2, half = "20 mPa" }\n'
          'detachment = { rate.time_constant = "4 d", when.wall_shear.above = { half = "20 mPa", exponent = 4 } }\n\n'
          f'[run]\nduration = "{days[-1]} d"\naccuracy = {{ time = 1e-6, max_step = "30 min" }}\n'
          f'output = {{ at = {json.dumps([f"{t} d" for t in days])} }}\n')


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


def v17():
    ref = reference("v17_sc_sphere_array_deff")
    for row in ref["rows"]:
        alpha, f = row["alpha"], row["f_solid"]
        if f != 0.2 or alpha not in (0.0, 0.1, 10.0):
            continue
        # alpha = ratio times partition: the flux does not tell them apart.
        partition = {0.1: 0.5, 10.0: 4.0}.get(alpha)
        solid = "solid.impermeable = {}" if not alpha else f"solid.diffusing = {{ ratio = {alpha / partition!r}, partition = {partition!r} }}"
        write(f"v17-spheres-{alpha:g}", f"v17: diffusion through a packing of spheres, D_solid K/D = {alpha:g}",
              "Effective diffusivity of a simple-cubic packing, a fifth of it solid, by Trefftz's method to 8 digits.\n"
              "Two opposite faces of the cell at a value are as good as an endless packing, for it is symmetric.",
              # One grid, and voxels cut impermeable spheres coarsely; tests/structures.rs extrapolates.
              [rate("x_min", 1e-9 * 1e-3 * row["Keff_over_K0"], "1 %" if alpha else "2 %")],
              '[domain]\nsize   = ["1 mm", "1 mm", "1 mm"]\nvoxels = [64, 64, 64]\n\n'
              '[scaffold]\nstructure.spheres = { lattice = "simple-cubic", period = "1 mm", '
              f'radius = "{(0.75 * f / math.pi) ** (1 / 3)!r} mm" }}\n{solid}\n\n'
              '[solutes.oxygen]\ndiffusivity = "1e-9 m^2/s"\ninitial = "0 mol/m^3"\n'
              'boundary.x_min.value = "1 mol/m^3"\nboundary.x_max.value = "0 mol/m^3"\n\n' + STEADY)
    faces = "".join(f'boundary.{f}.value = "1 mol/m^3"\n' for f in ("x_min", "x_max", "y_min", "y_max"))
    write("v17-partition", "v17: what a packing of spheres takes up, partition coefficient 4",
          "At rest the fluid holds 1 mol/m^3 and the solid 4: 0.8 + 4 0.2 mol per m^3 of the whole.",
          [line(what="oxygen.in", value=f"{1e-9 * (0.8 + 4 * 0.2)!r} mol", within="0.5 %"),
           line(what="oxygen", at=["0.5 mm", "0.5 mm", "0.5 mm"], value="4 mol/m^3", within="0.1 %"),
           line(what="oxygen", at=["0.05 mm", "0.05 mm", "0.05 mm"], value="1 mol/m^3", within="0.1 %")],
          '[domain]\nsize   = ["1 mm", "1 mm", "1 mm"]\nvoxels = [40, 40, 40]\n\n'
          '[scaffold]\nstructure.spheres = { lattice = "simple-cubic", period = "1 mm", '
          f'radius = "{(0.15 / math.pi) ** (1 / 3)!r} mm" }}\nsolid.diffusing = {{ ratio = 0.5, partition = 4.0 }}\n\n'
          '[solutes.oxygen]\ndiffusivity = "1e-9 m^2/s"\ninitial = "0 mol/m^3"\n' + faces +
          '\n[run]\nduration = "2 h"\naccuracy = { time = 1e-4 }\n')


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


def v07():
    ref = reference("v07_danckwerts_pfr")
    for row in ref["rows"]:
        pe, da = float(row["Pe"]), float(row["Da"])
        # L = 10 mm, D = 1e-9 m2/s: u = Pe D/L, k = Da u/L.
        u, d = pe * 1e-9 / 1e-2, 1e-9
        tolerance = "0.1 %"
        expect = [concentration(row["c_mid"], 1.0, tolerance, at=["5 mm"]),
                  concentration(row["c_out"], 1.0, tolerance, at=["10 mm"]),
                  bounds(1.0), line(what="oxygen", take="max", between=["0 mol/m^3", "1 mol/m^3"])]
        write(f"v07-danckwerts-{row['Pe']}-{row['Da']}", f"v07: plug flow with dispersion, Pe = {row['Pe']}, Da = {row['Da']}",
              "Danckwerts 1953, closed form to 20 digits: total flux u c0 at the inlet, no gradient at the outlet.",
              expect, slab(10, 1000) + f'[flow]\nlaw.given = {{ velocity = ["{u!r} m/s"] }}\n\n'
              f'[solutes.oxygen]\ndiffusivity = "{d!r} m^2/s"\ninitial = "0 mol/m^3"\n'
              f'decay.value = "{da * u / 1e-2!r} 1/s"\n'
              'boundary.x_min.inlet = "1 mol/m^3"\nboundary.x_max.outflow = {}\n\n' + STEADY)


def v08():
    ref = reference("v08_fisher_kpp")["b"]
    times, fronts = ref["T"], ref["front_x_u_half"]
    expect = []
    for t, x in zip(times, fronts):
        # Half a voxel of 0.05 at the front's slope; 0.25 bounds it: u(1 - u).
        expect.append(line(what="msc.viable", at=[f"{x!r} m"], time=f"{t} s",
                           value="0.5 cells/m^3", within=f"{0.25 * 0.5 * 0.05!r} cells/m^3"))
    write("v08-fisher-kpp", "v08: travelling front of Fisher and KPP",
          "u_t = u_xx + u(1 - u) from a compact start; positions of u = 1/2 by separate code, Richardson\n"
          "extrapolated. Half a voxel is allowed. The front lags behind speed 2 (Bramson).",
          expect, '[domain]\nsize   = ["120 m"]\nvoxels = [2400]\n\n'
          '[cells.msc]\ntype = "custom"\n'
          'seeding.uniform.density.formula = { value = "1 cells/m^3", times = "0.5*(1 - tanh((x - 10 m)/(1 m)))" }\n'
          'capacity = { density = "1 cells/m^3" }\ngrowth = { rate.value = "1 1/s", crowding = "logistic" }\n'
          'motility.constant = "1 m^2/s"\n\n'
          + transient(times, 1e-7))
    a = reference("v08_fisher_kpp")["a"]
    d, r, c, x0 = a["D_m2_s"], a["r_1_s"], a["c_m_s"], a["x0_m"]
    expect, k = [], a["K"]
    for days in (2, 6):
        t = days * 86400.0
        for z in (-4.0, -1.0, 0.0, 1.0, 3.0):
            x = x0 + c * t + z * math.sqrt(6 * d / r)
            u = (1 + math.exp(z)) ** -2
            expect.append(line(what="msc.viable", at=[f"{x * 1e3!r} mm"], time=f"{days} d",
                               value=f"{k * u!r} cells/m^3", within=f"{k * 1e-3!r} cells/m^3"))
    scale = math.sqrt(6 * d / r) * 1e3
    write("v08-ablowitz-zeppetella", "v08: exact wave of Ablowitz and Zeppetella",
          "u = (1 + exp((x - x0 - c t)/sqrt(6 D/r)))^-2, c = 5 sqrt(D r/6): Bull. Math. Biol. 41 (1979) 835.",
          expect, slab(6, 1200) + '[cells.msc]\ntype = "custom"\n'
          f'seeding.uniform.density.formula = {{ value = "{k!r} cells/m^3", times = "(1 + exp((x - {x0 * 1e3!r} mm)/({scale!r} mm)))^(-2)" }}\n'
          f'capacity = {{ density = "{k!r} cells/m^3" }}\ngrowth = {{ rate.value = "{r!r} 1/s", crowding = "logistic" }}\n'
          f'motility.constant = "{d!r} m^2/s"\n\n'
          '[run]\nduration = "6 d"\naccuracy = { time = 1e-6, solver = 1e-10 }\noutput = { at = ["2 d"] }\n')


def v09():
    ref = reference("v09_porous_fisher_barenblatt")
    d0, k = ref["D0_m2_s"], 1e14
    population = ('[cells.msc]\ntype = "custom"\ncapacity = { density = "1e14 cells/m^3" }\n'
                  f'motility.porous.diffusivity = "{d0!r} m^2/s"\n')
    for n in (1, 2):
        case = ref[f"case_d{n}"]
        r0, r1, u1 = case["R_t0_m"], case["R_t1_m"], case["u0_t1"]
        axis = "xr"[n - 1]
        h = 1e-6 * 2
        expect = [line(what="msc.viable", take="min", between=["0 cells/m^3", "1e14 cells/m^3"])]
        for f in (0.1, 0.3, 0.5, 0.7, 0.9):
            expect.append(line(what="msc.viable", at=[f"{f * r1 * 1e3!r} mm"],
                               value=f"{k * u1 * (1 - f * f)!r} cells/m^3", within="0.5 %"))
        # The front within a voxel: empty beyond it, and not before.
        expect.append(line(what="msc.viable", at=[f"{(r1 + 1.5 * h) * 1e3!r} mm"],
                           between=["0 cells/m^3", f"{k * 1e-6!r} cells/m^3"]))
        expect.append(line(what="msc.viable", at=[f"{(r1 - 2.5 * h) * 1e3!r} mm"],
                           between=[f"{k * 1e-6!r} cells/m^3", "1e14 cells/m^3"]))
        domain = slab(0.8, 400) if n == 1 else '[domain]\nshape  = "cylinder"\nsize   = ["0.8 mm"]\nvoxels = [400]\n\n'
        write(f"v09-barenblatt-{n}d", f"v09: a drop of cells that spread by crowding, {n}D",
              "Barenblatt and Pattle: n/K = t^-a (C - k x^2 t^-2b), exact; 20 d from a start after 5 d.",
              expect, domain + population +
              f'seeding.uniform.density.formula = {{ value = "0.5e14 cells/m^3", times = "max(0, 1 - ({axis}/({r0 * 1e3!r} mm))^2)" }}\n\n'
              '[run]\nduration = "20 d"\naccuracy = { time = 1e-5, solver = 1e-10 }\n')
    wave, r = ref["sharp_wave"], ref["r_1_s"]
    front, s = wave["front_d20_m"], math.sqrt(r / (2 * d0))
    expect = []
    for z in (-1.2, -0.8, -0.4, -0.2, -0.1):
        u = 1 - math.exp(z * 1e-3 * s)
        expect.append(line(what="msc.viable", at=[f"{front * 1e3 + z!r} mm"],
                           value=f"{k * u!r} cells/m^3", within=f"{k * 2e-3!r} cells/m^3"))
    h = 3e-3 / 1500
    expect.append(line(what="msc.viable", at=[f"{(front + 1.5 * h) * 1e3!r} mm"],
                       between=["0 cells/m^3", f"{k * 1e-3!r} cells/m^3"]))
    write("v09-sharp-wave", "v09: sharp wave of porous-Fisher",
          "n/K = 1 - exp((x - x0 - c t) sqrt(r/(2 D))) behind the front, c = sqrt(D r/2): exact.",
          expect, slab(3, 1500) + population + f'growth = {{ rate.value = "{r!r} 1/s", crowding = "logistic" }}\n'
          f'seeding.uniform.density.formula = {{ value = "1e14 cells/m^3", times = "max(0, 1 - exp((x - {wave["x0_m"] * 1e3!r} mm)/({1e3 / s!r} mm)))" }}\n\n'
          '[run]\nduration = "20 d"\naccuracy = { time = 1e-6, solver = 1e-10 }\n')


def v12():
    ref = reference("v12_darcy_layers_inclusion")
    mu, dp, lengths, ks = ref["mu_Pa_s"], ref["dP_Pa"], ref["L_m"], ref["K_m2"]
    edges = [0.0]
    for l in lengths:
        edges.append(edges[-1] + l * 1e3)

    def layers(axis):
        text = ""
        for i, k in enumerate(ks):
            text += (f'\n[regions.layer-{i + 1}]\nshape.layer = {{ axis = "{axis}", from = "{edges[i]!r} mm", to = "{edges[i + 1]!r} mm" }}\n'
                     f'flow.law.darcy.permeability = "{k!r} m^2"\n')
        return text

    flow = (f'[flow]\nlaw.darcy.permeability = "1e-10 m^2"\nviscosity = "{mu!r} Pa s"\n'
            f'boundary.x_min.pressure = "{dp!r} Pa"\nboundary.x_max.pressure = "0 Pa"\n')
    total = edges[-1]
    write("v12-darcy-series", "v12: Darcy flow across layers", "u = dp/(mu sum(L/K)): exact.",
          [line(what="flow.x_min", value=f"{ref['series_flux_m_s']!r} m^3/s", within="0.000001 %")],
          slab(total, 40) + flow + layers("x") + "\n" + STEADY)
    # Through 4 mm x 1 m: the mean over the layers.
    write("v12-darcy-parallel", "v12: Darcy flow along layers", "u = dp/(mu L) sum(L K)/sum(L): exact.",
          [line(what="flow.x_min", value=f"{ref['parallel_flux_m_s'] * total * 1e-3!r} m^3/s", within="0.000001 %")],
          f'[domain]\nsize   = ["{total!r} mm", "{total!r} mm"]\nvoxels = [8, 40]\n\n' + flow + layers("y") + "\n" + STEADY)


def v13():
    ref = reference("v13_chemotaxis_boltzmann")
    d, nbar = ref["D_n"], ref["nbar"]
    for row in ref["rows"]:
        s = row["s"]
        expect = [line(what="msc.viable", at=["0.5 mm"], value=f"{row['n_mid']!r} cells/m^3", within="0.5 %")]
        for x in (0.7, 0.9, 0.98):
            n = nbar * s * math.exp(s * x) / math.expm1(s)
            expect.append(line(what="msc.viable", at=[f"{x!r} mm"], value=f"{n!r} cells/m^3", within="0.5 %"))
        write(f"v13-chemotaxis-{s:g}", f"v13: cells drift up a gradient until they rest, s = {s:g}",
              "Boltzmann's density exp(s x/L), s = chi (c(L) - c(0))/D: exact at rest.",
              expect, slab(1, 400) + '[solutes.attractant]\ndiffusivity = "1e-9 m^2/s"\n'
              'initial.linear = { axis = "x", from = "0 mol/m^3", to = "1 mol/m^3" }\n'
              'boundary.x_min.value = "0 mol/m^3"\nboundary.x_max.value = "1 mol/m^3"\n\n'
              f'[cells.msc]\ntype = "custom"\nseeding.uniform = {{ density = "{nbar!r} cells/m^3" }}\n'
              f'motility.constant = "{d!r} m^2/s"\n'
              f'chemotaxis.attractant = {{ sensitivity = "{s * d!r} m^5/mol/s", crowding = "none" }}\n\n'
              '[run]\nduration = "600 d"\naccuracy = { solver = 1e-12, max_step = "10 d" }\n')


    row = next(r for r in ref["rows"] if r["s"] == 4)
    expect = [line(what="msc.viable", at=["0.5 mm"], value=f"{row['n_mid']!r} cells/m^3", within="0.5 %")]
    write("v13-haptotaxis-4", "v13: cells drift up a gradient of matrix until they rest, s = 4",
          "Boltzmann's density as for chemotaxis, with a matrix in place of the solute; and the same\n"
          "density with a motility that follows another matrix, which is even.",
          expect, slab(1, 400) + '[matrix.collagen]\ndensity = "1300 kg/m^3"\n'
          'initial.linear = { axis = "x", from = "0 kg/m^3", to = "1 kg/m^3" }\n\n'
          '[matrix.fibrin]\ndensity = "1300 kg/m^3"\ninitial = "2 kg/m^3"\n\n'
          f'[cells.msc]\ntype = "custom"\nseeding.uniform = {{ density = "{nbar!r} cells/m^3" }}\n'
          # 2 K m/(K^2 + m^2) = 0.8 at K = 1, m = 2.
          f'motility.haptokinetic = {{ of = "fibrin", largest = "{d / 0.8!r} m^2/s", at = "1 kg/m^3" }}\n'
          f'haptotaxis.collagen = {{ sensitivity = "{4 * d!r} m^5/kg/s", crowding = "none" }}\n\n'
          '[run]\nduration = "600 d"\naccuracy = { solver = 1e-12, max_step = "10 d" }\n')


def v15():
    name = "v15_ogata_banks"
    ref, rows = reference(name), profile(name)
    times = [300, 600, 900]
    for suffix, column, decay in (("", "c_t", None), ("-decay", "cdecay_t", ref["k"])):
        expect = []
        for t in times:
            for row in rows[4:45:8]:
                expect.append(line(what="oxygen", at=[f"{float(row['x_m']) * 1e3:g} mm"], time=f"{t} s",
                                   value=f"{float(row[f'{column}{t}'])!r} mol/m^3", within="0.001 mol/m^3"))
            expect.append(bounds(1.0, time=f"{t} s"))
            expect.append(line(what="oxygen", take="max", time=f"{t} s", between=["0 mol/m^3", "1.000001 mol/m^3"]))
        write(f"v15-ogata-banks{suffix}", f"v15: a front carried by the flow{' that decays' if decay else ''}",
              "Ogata and Banks 1961, to 40 digits: value at the inlet, endless column.",
              expect, slab(20, 800) + f'[flow]\nlaw.given = {{ velocity = ["{ref["v"]!r} m/s"] }}\n\n'
              f'[solutes.oxygen]\ndiffusivity = "{ref["D"]!r} m^2/s"\ninitial = "0 mol/m^3"\n'
              + (f'decay.value = "{decay!r} 1/s"\n' if decay else "") +
              'boundary.x_min.value = "1 mol/m^3"\nboundary.x_max.outflow = {}\n\n' + transient(times, 1e-6))


def v21():
    """Brinkman's flow: (mu/K) u - (mu_e u')' = G, no slip at y = 0 and y = H; rates per metre of depth."""
    mu, gradient, length, height = 0.00069, 2000.0, 2e-3, 1e-3
    drive = (f'viscosity = "{mu!r} Pa s"\nboundary.x_min.pressure = "{gradient * length!r} Pa"\n'
             'boundary.x_max.pressure = "0 Pa"\n')
    domain = '[domain]\nsize   = ["2 mm", "1 mm"]\nvoxels = [8, 128]\n\n'

    def case(name, title, comment, rate, body, within="0.1 %"):
        write(f"v21-brinkman-{name}", f"v21: {title}", comment,
              [line(what="flow.x_min", value=f"{rate!r} m^3/s", within=within)], body + "\n" + STEADY)

    k, effective = 1e-8, 2 * mu
    delta = math.sqrt(k * effective / mu)
    case("channel", "porous channel between plates",
         "u = G K/mu (1 - cosh((y - H/2)/d)/cosh(H/(2 d))), d = sqrt(K mu_e/mu).",
         gradient * k / mu * (height - 2 * delta * math.tanh(height / 2 / delta)),
         domain + f'[flow]\nlaw.brinkman = {{ permeability = "{k!r} m^2", effective_viscosity = "{effective!r} Pa s" }}\n' + drive)
    case("poiseuille", "open channel between plates", "u = G y (H - y)/(2 mu).",
         gradient * height**3 / (12 * mu), domain + '[flow]\nlaw.brinkman.permeability = "1 m^2"\n' + drive)
    # Below: g + a cosh(y/d) + b sinh(y/d); above, from the interface: c + e s - G s^2/(2 mu).
    k, porosity, half = 2e-9, 0.8, height / 2
    effective, g = mu / porosity, gradient * k / mu
    delta = math.sqrt(k * effective / mu)
    sh, ch = math.sinh(half / delta), math.cosh(half / delta)
    a, pull = -g, effective * half / (mu * delta)
    b = (gradient * half**2 / (2 * mu) - g - a * ch - pull * a * sh) / (sh + pull * ch)
    c, e = g + a * ch + b * sh, effective / (mu * delta) * (a * sh + b * ch)
    rate = g * half + delta * (a * sh + b * (ch - 1)) + c * half + e * half**2 / 2 - gradient * half**3 / (6 * mu)
    case("over-a-layer", "channel over a porous layer",
         "Velocity and stress are continuous; mu_e = mu/porosity, and mu in the channel.", rate,
         domain + f'[scaffold]\nporosity = {porosity}\n\n[flow]\nlaw.brinkman.permeability = "{k!r} m^2"\n' + drive
         + '\n[regions.channel]\nshape.layer = { axis = "y", from = "0.5 mm", to = "1 mm" }\n'
         'scaffold.porosity = 1.0\nflow.law.brinkman.permeability = "1 m^2"\n')
    width = 1.5e-3
    series = sum(math.tanh(i * math.pi * width / (2 * height)) / i**5 for i in range(1, 400, 2))
    case("duct", "open rectangular duct", "Fourier series (White, Viscous Fluid Flow, 2006, 3-48).",
         gradient * width * height**3 / (12 * mu) * (1 - 192 * height / (math.pi**5 * width) * series),
         '[domain]\nsize   = ["2 mm", "1.5 mm", "1 mm"]\nvoxels = [4, 36, 24]\n\n[flow]\n'
         'law.brinkman.permeability = "1 m^2"\n' + drive, within="1 %")
    case("slip", "walls that slip", "One K and no friction at the walls: Darcy's G K/mu. Exact.",
         gradient * 1e-8 / mu * height,
         '[domain]\nsize   = ["2 mm", "1 mm"]\nvoxels = [8, 12]\n\n[flow]\nlaw.brinkman.permeability = "1e-8 m^2"\n' + drive
         + "boundary.y_min.symmetry = {}\nboundary.y_max.symmetry = {}\n", within="0.000001 %")
    ref = reference("v12_darcy_layers_inclusion")
    layers, edge = "", 0.0
    for i, (l, k) in enumerate(zip(ref["L_m"], ref["K_m2"])):
        layers += (f'\n[regions.layer-{i + 1}]\nshape.layer = {{ axis = "x", from = "{edge!r} mm", to = "{edge + l * 1e3!r} mm" }}\n'
                   f'flow.law.brinkman.permeability = "{k!r} m^2"\n')
        edge += l * 1e3
    case("series", "flow across layers", "Nothing shears: Darcy's dp/(mu sum(L/K)). Exact.", ref["series_flux_m_s"],
         slab(edge, 40) + f'[flow]\nlaw.brinkman.permeability = "1e-10 m^2"\nviscosity = "{ref["mu_Pa_s"]!r} Pa s"\n'
         f'boundary.x_min.pressure = "{ref["dP_Pa"]!r} Pa"\nboundary.x_max.pressure = "0 Pa"\n' + layers, within="0.000001 %")


for case in (v01, v02, v03, v04, v05, v06, v07, v08, v09, v10, v11, v12, v13, v14, v14_release, v14_autocatalysis, v14_shear, v15, v17, populations, v20, v21):
    case()
