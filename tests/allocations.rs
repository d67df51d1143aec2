//! What a step takes from the allocator, as counted at the time of writing: recorded regressions,
//! and no array as large as a field once the solver is warm.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use blastema::case;
use blastema::ground::par;
use blastema::model::solver::Solver;

/// Counts what it passes on to the system.
struct Counting;

static TIMES: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TIMES.fetch_add(1, Relaxed);
        BYTES.fetch_add(layout.size(), Relaxed);
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: the caller's promises are those that the system asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALL: Counting = Counting;

/// Calls, bytes and the largest piece of one step of P4 on `n`³ voxels, after four others.
fn counted(n: usize) -> [usize; 3] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/problems/p4.toml");
    let voxels = format!("domain.voxels=[{n}, {n}, {n}]");
    let setup = case::load(&path, &[voxels]).unwrap_or_else(|e| panic!("{e}")).setup;
    let mut solver = Solver::new(setup).expect("starts");
    let mut step = || {
        let (_, attempt) = solver.attempt(60.0).expect("converges");
        solver.accept(&attempt);
    };
    (0..4).for_each(|_| step());
    let before = [&TIMES, &BYTES].map(|c| c.load(Relaxed));
    LARGEST.store(0, Relaxed);
    step();
    let [times, bytes] = [&TIMES, &BYTES].map(|c| c.load(Relaxed));
    [times - before[0], bytes - before[1], LARGEST.load(Relaxed)]
}

/// Alone in this file: other tests would be counted too.
#[test]
fn a_warm_step_allocates_little() {
    let now = par::with_threads(1, || [16, 32].map(counted));
    println!("calls, bytes, largest: {now:?}");
    for (now, recorded) in now.into_iter().zip([[3744, 2_731_529], [6850, 6_512_185]]) {
        for (now, recorded) in now.into_iter().zip(recorded) {
            assert!(20 * now <= 21 * recorded && 10 * now >= 9 * recorded, "{now} of {recorded}");
        }
    }
    let field = 8 * 32 * 32 * 32;
    assert!(2 * now[1][2] < field, "{} bytes at once", now[1][2]);
}
