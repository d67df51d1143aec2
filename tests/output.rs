//! Outputs: written, published, read back, moved, equal in bytes.

use std::path::Path;

use blastema::ground::grid::Grid;
use blastema::output::{Array, Folder, Frame, Kind, Layout, Results, Values, Writer, read};

mod output_sample;
use output_sample::{grids, sample_run, value};

#[test]
fn read_back_what_was_written() {
    for (name, grid) in grids() {
        for steps in 1..=3 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("run");
            sample_run(&path, &grid, steps);
            // The folder may be moved.
            let moved = dir.path().join("moved");
            std::fs::rename(&path, &moved).unwrap();
            let run = Results::open(&moved).unwrap();
            assert_eq!(run.layout.n, grid.n, "{name}");
            assert_eq!(run.steps.len(), steps);
            for &step in &run.steps {
                for (f, field) in ["oxygen", "msc.viable", "double"].into_iter().enumerate() {
                    let got = run.read(step, field).unwrap();
                    for (v, &x) in got.iter().enumerate() {
                        let want = value(f, step.index, v);
                        let want = if f == 2 { want } else { f64::from(want as f32) };
                        assert!(x == want || (x.is_nan() && want.is_nan()), "{name} {field} {v}");
                    }
                }
                let mask = run.read(step, "solid").unwrap();
                assert!(mask.iter().enumerate().all(|(v, &m)| m == f64::from(v.is_multiple_of(5))));
            }
            assert_eq!(run.column("msc.viable").unwrap().unit, "cells/m^3");
            assert_eq!(run.step_at(3600.0 * 0.0).unwrap().index, 0);
            assert_eq!(run.step_at(1.0).unwrap_err().kind, Kind::Missing);
            for step in &run.steps {
                let file = moved.join(blastema::output::frame::file_name(step.index));
                assert!(read::check(&file).unwrap() > 0);
            }
            master_reads(&moved, &grid, steps);
        }
    }
}

/// The master's virtual arrays give the values of the frames.
fn master_reads(path: &Path, grid: &Grid, steps: usize) {
    let file = hdf5::File::open(path.join("plug.vtkhdf")).unwrap();
    let set = file.dataset("VTKHDF/CellData/oxygen").unwrap();
    let [nx, ny, nz] = grid.n;
    let shape = if steps == 1 { vec![nz, ny, nx] } else { vec![steps, nz, ny, nx] };
    assert_eq!(set.shape(), shape);
    let all = set.read_raw::<f32>().unwrap();
    for (i, &x) in all.iter().enumerate() {
        let want = value(0, i / grid.len(), i % grid.len()) as f32;
        assert!(x == want || (x.is_nan() && want.is_nan()), "voxel {i}");
    }
    assert_eq!(file.group("VTKHDF").unwrap().link_exists("Steps"), steps > 1);
}

#[test]
fn equal_runs_give_equal_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let grid = &grids()[0].1;
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    sample_run(&a, grid, 3);
    std::thread::sleep(std::time::Duration::from_millis(1100)); // HDF5's stamps are in seconds
    sample_run(&b, grid, 3);
    for name in ["fields/000000.h5", "fields/000002.h5", "fields/static.h5", "plug.vtkhdf"]
        .into_iter()
        .chain(["plug.xdmf", "checksums.b3"])
    {
        assert!(
            std::fs::read(a.join(name)).unwrap() == std::fs::read(b.join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn a_lost_output_reads_as_nan() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let grid = &grids()[0].1;
    sample_run(&path, grid, 2);
    std::fs::remove_file(path.join("fields/000001.h5")).unwrap();
    let file = hdf5::File::open(path.join("plug.vtkhdf")).unwrap();
    let all = file.dataset("VTKHDF/CellData/oxygen").unwrap().read_raw::<f32>().unwrap();
    assert!(all[grid.len()..].iter().all(|x| x.is_nan()));
}

#[test]
fn a_flipped_bit_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    sample_run(&path, &grids()[0].1, 1);
    let file = path.join("fields/000000.h5");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(read::check(&file).unwrap_err().kind, Kind::Io);
}

#[test]
fn folders_are_claimed_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out/run");
    let kind = |r: blastema::output::Result<Folder>| r.map(|_| ()).map_err(|e| e.kind);
    let record = |state: &str| {
        let text = format!("{{\"hash\": \"h1\", \"status\": {{\"state\": \"{state}\"}}}}");
        std::fs::write(path.join("run.json"), text).unwrap();
    };
    let held = Folder::claim(&path, "h1", false).unwrap();
    assert_eq!(kind(Folder::claim(&path, "h1", false)), Err(Kind::InUse));
    assert_eq!(kind(Folder::claim(&path, "h1", true)), Err(Kind::InUse));
    record("running");
    drop(held);
    assert_eq!(kind(Folder::claim(&path, "h1", false)), Err(Kind::Unfinished));
    assert_eq!(kind(Folder::claim(&path, "h2", false)), Err(Kind::Other));
    record("finished");
    assert_eq!(kind(Folder::claim(&path, "h1", false)), Err(Kind::AlreadyDone));
    assert!(!path.join("lock").exists());
    for n in 1..=2 {
        assert_eq!(kind(Folder::claim(&path, "h2", true)), Ok(()));
        assert!(path.with_extension(n.to_string()).join("run.json").exists() || n == 2);
        record("finished");
    }
    assert!(dir.path().join("out/run.2/run.json").exists());
}

#[test]
fn stale_locks_are_taken_over_and_foreign_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let (host, boot) = (host.trim(), boot.trim());
    let try_with = |lock: &str| {
        let path = dir.path().join("run");
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("lock"), lock).unwrap();
        Folder::claim(&path, "h", false).map(|_| ()).map_err(|e| e.kind)
    };
    // This very process number, but of a process that started at another time.
    let pid = std::process::id();
    assert_eq!(try_with(&format!("pid {pid}\nboot {boot}\nhost {host}\nstart 1\n")), Ok(()));
    assert_eq!(try_with(&format!("pid 1\nboot earlier\nhost {host}\nstart 0\n")), Ok(()));
    let container = format!("pid 1\nboot {boot}\nhost {host}\nstart 0\nnamespace pid:[1]\n");
    assert_eq!(try_with(&container), Err(Kind::InUse));
    let elsewhere = "pid 1\nboot b\nhost another-machine\nstart 0\n";
    assert_eq!(try_with(elsewhere), Err(Kind::InUse));
    assert_eq!(try_with(""), Err(Kind::InUse));
}

#[test]
fn a_failed_step_is_told_and_published_steps_stay() {
    let dir = tempfile::tempdir().unwrap();
    let grid = Grid::cuboid([8, 8, 8], [1e-4; 3]);
    let path = dir.path().join("run");
    let folder = Folder::claim(&path, "h", false).unwrap();
    let layout = Layout::new(&grid, "plug", ("d", 86400.0));
    let mut writer = Writer::start(&folder, layout, &[]).unwrap();
    let frame = |index| Frame {
        index,
        time: index as f64,
        arrays: vec![Array {
            name: "oxygen".into(),
            unit: "mol/m^3".into(),
            values: Values::F32(vec![1.0; 512]),
        }],
    };
    writer.push(frame(0)).unwrap();
    writer.push(frame(1)).unwrap();
    // A step that cannot be published: its place is taken by a folder.
    std::fs::create_dir_all(path.join("fields/000002.h5/x")).unwrap();
    let _ = writer.push(frame(2));
    let failed = writer.finish().unwrap_err();
    assert_eq!(failed.kind, Kind::Io, "{failed}");
    assert!(!path.join("fields/.tmp-000002.h5").exists());
    std::fs::remove_dir_all(path.join("fields/000002.h5")).unwrap();
    let run = Results::open(&path).unwrap();
    assert_eq!(run.steps.len(), 2);
    let xdmf = std::fs::read_to_string(path.join("plug.xdmf")).unwrap();
    assert_eq!(xdmf.matches("<Time").count(), 2);
}

#[test]
fn points_are_sampled_to_second_order() {
    let dir = tempfile::tempdir().unwrap();
    let grid = Grid::cuboid([7, 5, 3], [2e-5, 3e-5, 4e-5]);
    let path = dir.path().join("run");
    sample_run(&path, &grid, 1);
    let run = Results::open(&path).unwrap();
    let linear = |p: [f64; 3]| 1.0 + 2.0 * p[0] + 3.0 * p[1] + 5.0 * p[2];
    let mut values: Vec<f64> =
        (0..grid.len()).map(|v| linear(grid.centre(v).map(|x| 1e3 * x))).collect();
    for p in [[0.0, 0.0, 0.0], [0.14, 0.15, 0.12], [0.05, 0.07, 0.06], [0.139, 0.001, 0.1]] {
        assert!((run.sample(&values, p).unwrap() - linear(p)).abs() < 1e-12);
    }
    assert_eq!(run.sample(&values, [0.15, 0.0, 0.0]), None);
    // Beside solid: the voxel itself; in solid: NaN.
    values[0] = f64::NAN;
    assert!(run.sample(&values, [0.01, 0.01, 0.01]).unwrap().is_nan());
    assert_eq!(run.sample(&values, [0.021, 0.01, 0.01]), Some(values[1]));
}

#[test]
#[ignore = "full suite: mounts a small disk, needs root"]
fn a_full_disk_keeps_what_is_published() {
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let run = |program: &str, args: &[&str]| {
        std::process::Command::new(program)
            .args(args)
            .arg(&disk)
            .status()
            .is_ok_and(|s| s.success())
    };
    for kilobytes in (48..400).step_by(16) {
        let size = format!("size={kilobytes}k");
        if !run("mount", &["-t", "tmpfs", "-o", &size, "small"]) {
            println!("NOT RUN: no right to mount");
            return;
        }
        let (path, grid) = (disk.join("run"), Grid::cuboid([16; 3], [1e-4; 3]));
        let folder = Folder::claim(&path, "h", false).unwrap();
        let layout = Layout::new(&grid, "plug", ("d", 86400.0));
        let mut writer = Writer::start(&folder, layout, &[]).unwrap();
        let mut failed = None;
        for index in 0..40 {
            // Noise does not shrink.
            let noise = |v: u32| f32::from_bits(v.wrapping_mul(2_654_435_761) >> 2 | 0x2000_0000);
            let values = Values::F32((0..4096).map(|v| noise(v + 4096 * index)).collect());
            let array = Array { name: "oxygen".into(), unit: String::new(), values };
            let frame = Frame { index: index as usize, time: 1.0, arrays: vec![array] };
            if let Err(e) = writer.push(frame) {
                failed = Some(e);
                break;
            }
        }
        let failed = failed.or(writer.finish().err()).expect("the disk is too small");
        assert_eq!(failed.kind, Kind::Full, "{failed}");
        for entry in std::fs::read_dir(path.join("fields")).unwrap() {
            assert!(read::check(&entry.unwrap().path()).is_ok());
        }
        drop(folder);
        assert!(run("umount", &[]));
    }
}
