//! What a run takes of the machine, and what the machine has.

use std::fs;
use std::sync::Arc;

use crate::ground::grid::Form;
use crate::model::setup::{FlowLaw, Setup};
use crate::model::state::Catalogue;
use crate::model::symmetry;
use crate::model::waves::desks;
use crate::numerics::algebraic::ROUGH;

/// The program and its libraries, bytes.
const PROGRAM: f64 = 20e6;

/// Address space that a thread reserves, most of it never touched, bytes.
const PER_THREAD: f64 = 72e6;

/// Memory that a run takes at most, bytes. Per voxel: four copies of each field in double
/// precision (state, full step, two halves) and what is being written; structure, right-hand
/// side and the grids of the solver, for each solve that has its own; what the setup holds of solutes and populations. Of
/// a symmetric case one part is solved for; what is given and what is written is whole. Measured:
/// `tests/resources.rs` compares it with the real peak.
pub fn memory(setup: &Setup) -> f64 {
    let fields = Catalogue::new(setup).specs.len();
    let mut shapes: Vec<&Arc<Vec<f64>>> = Vec::new();
    for relative in setup.solutes.iter().map(|s| &s.relative) {
        let uneven = relative.windows(2).any(|w| w[0] != w[1]);
        if uneven && !shapes.iter().any(|s| Arc::ptr_eq(s, relative)) {
            shapes.push(relative);
        }
    }
    // What multigrid by strength of coupling takes, where it may be needed.
    let rough = shapes.iter().any(|shape| {
        let open = || shape.iter().copied().filter(|r| *r > 0.0);
        open().fold(0.0, f64::max) > ROUGH * open().fold(f64::INFINITY, f64::min)
    });
    let law = setup.flow.as_ref().map(|f| &f.law);
    let staggered = matches!(law, Some(FlowLaw::Brinkman { .. }));
    let (flows, beside) = (setup.flow.is_some(), desks(setup) - 1);
    let parts = [
        (160, 1),
        (if flows { 490 } else { 45 }, beside),
        (30, setup.solutes.len()),
        (30, setup.populations.len()),
        (40, fields),
        (55, shapes.len()),
        (300, usize::from(rough)),
        (650, usize::from(flows)),
        (350, usize::from(staggered)),
        (16, usize::from(setup.grid.form != Form::Box)),
    ];
    let each: usize = parts.iter().map(|(bytes, count)| bytes * count).sum();
    let part = symmetry::grid(setup);
    let (solved, whole) = (part.len() * each, setup.grid.len());
    if part.is_whole() {
        return PROGRAM + solved as f64;
    }
    // What is given goes before the rest comes.
    let given = whole * 8 * (2 + shapes.len() + setup.populations.len());
    // Outputs come faster than they are written: one is written, two wait, one is made.
    let waiting = setup.run.outputs.len().saturating_sub(2).clamp(1, 4);
    let (values, bytes) = written(setup);
    let written = (whole * waiting * values) as f64 * bytes;
    PROGRAM + (given as f64).max(solved as f64 + written)
}

/// Bytes of one output as if nothing could be compressed.
pub fn output(setup: &Setup) -> f64 {
    let (fields, bytes) = written(setup);
    let fields = fields as f64;
    setup.grid.len() as f64 * bytes * fields + 8e3 + 2e3 * fields
}

/// Values of a voxel in an output, and bytes of each.
fn written(setup: &Setup) -> (usize, f64) {
    let all = Catalogue::new(setup).specs.len();
    // A flow that stays is written once; a velocity that changes has three components.
    let share = |f: &String| match f.as_str() {
        f if setup.flow_fields().contains(&f) && !setup.flow_changes() => 0,
        "velocity" if setup.flow.is_some() => 3,
        _ => 1,
    };
    let listed = setup.run.fields.iter().map(share).sum();
    let fields = if setup.run.fields.is_empty() { all } else { listed };
    (fields, if setup.run.double { 8.0 } else { 4.0 })
}

/// Bytes on disk beside the outputs: structure and flow, once; master files; two checkpoints of
/// the whole state and room for the one that is being written.
fn beside(setup: &Setup) -> f64 {
    let fields = Catalogue::new(setup).specs.len() as f64;
    let voxels = setup.grid.len() as f64;
    let fixed = if setup.flow.is_some() { 24.0 } else { 4.0 };
    let checkpoints = if setup.run.steady { 0.0 } else { 3.0 * 8.0 * fields };
    voxels * (fixed + checkpoints) + 1e5
}

/// Bytes on disk at most.
pub fn disk(setup: &Setup) -> f64 {
    beside(setup) + setup.run.outputs.len().max(1) as f64 * output(setup)
}

/// Outputs that fit into `free` bytes.
pub fn outputs_in(setup: &Setup, free: f64) -> usize {
    ((free - beside(setup)) / output(setup)).max(0.0) as usize
}

/// Voxels along each axis, in the same proportions, that fit into `memory` bytes, and what they
/// take. `None` where not even a few do.
pub fn voxels_in(setup: &Setup, memory: f64) -> Option<([usize; 3], f64)> {
    let (grid, need) = (&setup.grid, self::memory(setup));
    let share = (memory - PROGRAM) / (need - PROGRAM);
    let axes = grid.n.iter().filter(|n| **n > 1).count().max(1);
    let factor = share.max(0.0).powf(1.0 / axes as f64);
    let n = grid.n.map(|n| if n > 1 { (n as f64 * factor) as usize } else { n });
    let all = |n: [usize; 3]| n.iter().map(|n| *n as f64).product::<f64>();
    let fits = n.iter().all(|n| *n >= 1) && factor < 1.0;
    fits.then(|| (n, PROGRAM + (need - PROGRAM) * all(n) / all(grid.n)))
}

/// Memory that a process may still take, bytes, and what sets the limit; infinite where nothing
/// is known.
pub fn memory_available(threads: usize) -> (f64, &'static str) {
    let machine = (in_kilobytes("/proc/meminfo", "MemAvailable:"), "free memory of the machine");
    let group = (control_group(), "limit of the control group");
    let space = (address_space(threads), "limit of ulimit -v");
    let all = [machine, group, space].into_iter();
    let all = all.filter_map(|(bytes, what)| Some((bytes?, what)));
    all.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::INFINITY, "nothing known"))
}

fn in_kilobytes(path: &str, key: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(key))?;
    Some(1024.0 * line.split_whitespace().next()?.parse::<f64>().ok()?)
}

/// What is left of the address space, less what threads reserve.
fn address_space(threads: usize) -> Option<f64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("Max address space"))?;
    let limit = line.split_whitespace().next()?.parse::<f64>().ok()?;
    let used = in_kilobytes("/proc/self/status", "VmSize:").unwrap_or(0.0);
    Some((limit - used - PER_THREAD * threads as f64 + PROGRAM).max(0.0))
}

/// The tightest limit of this process's control groups (version 2, or memory of version 1), less
/// what they use.
fn control_group() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let left = |folder: &str, limit: &str, used: &str| {
        let number = |name: &str| {
            let text = fs::read_to_string(format!("{folder}/{name}")).ok()?;
            text.trim().parse::<f64>().ok()
        };
        Some((number(limit)? - number(used).unwrap_or(0.0)).max(0.0))
    };
    let mut least: Option<f64> = None;
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let (root, limit, used) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max", "memory.current"),
            c if c.split(',').any(|c| c == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
            }
            _ => continue,
        };
        // Every group on the way up may set a limit; in a container the path may not be there.
        let mut at = path.trim_end_matches('/');
        loop {
            if let Some(bytes) = left(&format!("{root}{at}"), limit, used) {
                least = Some(least.map_or(bytes, |l| l.min(bytes)));
            }
            match at.rfind('/') {
                Some(cut) => at = &at[..cut],
                None => break,
            }
        }
    }
    least
}
