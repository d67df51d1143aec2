//! Pictures by `view.py` from runs with made-up but lifelike fields (full suite: needs ParaView).

use std::path::PathBuf;
use std::process::Command;

use blastema::ground::grid::Grid;
use blastema::output::viewpy::{self, View};
use blastema::output::{Array, Folder, Frame, Layout, Values, Writer};

/// Oxygen that falls with depth below z_max (the last axis), cells that follow it.
fn write_run(path: &std::path::Path, grid: &Grid, pores: bool) {
    let dimensions = grid.dimensions;
    let folder = Folder::claim(path, "h", false).unwrap();
    let layout = Layout::new(grid, "plug", ("d", 86400.0));
    let fields = [("oxygen", "mol/m^3"), ("msc.viable", "cells/m^3")];
    let title = "hMSC in a collagen sponge".to_owned();
    let fields = fields.map(|(n, u)| (n.to_owned(), u.to_owned()));
    viewpy::write(&folder, &layout, &View { title, fields: fields.to_vec(), pores }).unwrap();
    let open = |v: usize| {
        let [x, y, z] = grid.centre(v).map(|x| x / 600e-6 * std::f64::consts::TAU);
        !pores || x.sin() * y.cos() + y.sin() * z.cos() + z.sin() * x.cos() > -0.4
    };
    let mut writer = Writer::start(&folder, layout, &[]).unwrap();
    for t in 0..5 {
        let field = |f: &dyn Fn(f64) -> f64| {
            let value = |v: usize| {
                let axis = dimensions - 1;
                let depth = grid.length(axis) - grid.centre(v)[axis];
                if open(v) { f(depth / grid.length(axis)) as f32 } else { f32::NAN }
            };
            Values::F32((0..grid.len()).map(value).collect())
        };
        let age = f64::from(t);
        let array =
            |name: &str, unit: &str, values| Array { name: name.into(), unit: unit.into(), values };
        let oxygen = field(&|d| 0.2 * (-(0.5 + 0.4 * age) * 2.0 * d).exp());
        let cells = field(&|d| 2e12 * (1.0 + age * (1.0 - d) - 0.22 * age * d));
        let arrays =
            vec![array("oxygen", "mol/m^3", oxygen), array("msc.viable", "cells/m^3", cells)];
        writer.push(Frame { index: t as usize, time: age * 86400.0 * 3.5, arrays }).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
#[ignore = "full suite: needs ParaView and a software renderer (xvfb)"]
fn view_py_makes_pictures() {
    let kept = std::env::var_os("BLASTEMA_PICTURES").map(PathBuf::from);
    let dir = tempfile::tempdir().unwrap();
    let cuboid =
        |n: [usize; 3], dimensions: usize| Grid { dimensions, ..Grid::cuboid(n, [50e-6; 3]) };
    let plug = Grid::cylinder(40, 0.0, 2e-3, Some((1.5e-3, 30)));
    let hollow = Grid::cylinder(20, 1e-3, 2e-3, Some((1.5e-3, 30)));
    for (name, grid, pores, more) in [
        ("block", cuboid([60, 60, 30], 3), false, None),
        ("pores", cuboid([48, 48, 48], 3), true, None),
        ("sheet", cuboid([60, 40, 1], 2), false, None),
        ("line", cuboid([80, 1, 1], 1), false, None),
        ("plug", plug.clone(), false, None),
        ("flat", plug, false, Some("--flat")),
        ("hollow", hollow, false, None),
        ("ball", Grid::sphere(40, 0.0, 2e-3), false, None),
    ] {
        let run = dir.path().join(name);
        write_run(&run, &grid, pores);
        let picture = kept.as_deref().unwrap_or(dir.path()).join(format!("{name}.png"));
        let output = Command::new("xvfb-run")
            .args(["-a", "pvpython", "--force-offscreen-rendering"])
            .arg(run.join("view.py"))
            .arg("--screenshot")
            .arg(&picture)
            .args(more)
            .output()
            .expect("xvfb-run");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && picture.exists(), "{name}: {text}");
        // A sheet that should have turned and did not says so.
        assert!(!text.contains("view.py:"), "{name}: {text}");
        println!("{name}: {text}");
    }
}
