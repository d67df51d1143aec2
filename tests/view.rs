//! Pictures by `view.py` from runs with made-up but lifelike fields (full suite: needs ParaView).

use std::path::PathBuf;
use std::process::Command;

use blastema::ground::grid::{Form, Grid};
use blastema::output::viewpy::{self, View};
use blastema::output::{Array, Folder, Frame, Layout, Values, Writer};

/// Oxygen that falls with depth below z_max (the last axis), cells that follow it.
fn write_run(path: &std::path::Path, n: [usize; 3], dimensions: usize, pores: bool) {
    let grid = Grid { n, h: [50e-6; 3], dimensions, form: Form::Box, periodic: [false; 3] };
    let folder = Folder::claim(path, "h", false).unwrap();
    let layout = Layout::new(&grid, "plug", ("d", 86400.0));
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
    for (name, n, dimensions, pores) in [
        ("block", [60, 60, 30], 3, false),
        ("pores", [48, 48, 48], 3, true),
        ("sheet", [60, 40, 1], 2, false),
        ("line", [80, 1, 1], 1, false),
    ] {
        let run = dir.path().join(name);
        write_run(&run, n, dimensions, pores);
        let picture = kept.as_deref().unwrap_or(dir.path()).join(format!("{name}.png"));
        let output = Command::new("xvfb-run")
            .args(["-a", "pvpython", "--force-offscreen-rendering"])
            .arg(run.join("view.py"))
            .arg("--screenshot")
            .arg(&picture)
            .output()
            .expect("xvfb-run");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && picture.exists(), "{name}: {text}");
        println!("{name}: {text}");
    }
}
