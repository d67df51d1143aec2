//! Threads: the only user of rayon. Work is cut into z planes; sums are taken per plane and
//! added in the order of the planes, so results do not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

/// Below this many voxels a sweep runs on the calling thread: waking the others costs more.
const SERIAL: usize = 30_000;

/// Runs `work` inside a pool of `threads` threads (0: one per core).
pub fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Threads of the pool in which the caller runs.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// `n` zeros of a number's type. Those who fill them touch them first; what is large stands in
/// large pages where the system has them.
pub fn zeros<T: Copy + Default>(n: usize) -> Vec<T> {
    let out = vec![T::default(); n];
    in_large_pages(&out);
    out
}

/// Asks the system to back an array that nobody has touched by large pages: one fault for 512,
/// and fewer addresses to look up.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn in_large_pages<T>(array: &[T]) {
    use rustix::mm::{Advice, madvise};
    const LARGE: usize = 2 << 20;
    let length = std::mem::size_of_val(array);
    if length >= LARGE {
        let page = rustix::param::page_size();
        let start = array.as_ptr().map_addr(|a| a / page * page);
        let length = array.as_ptr() as usize + length - start as usize;
        // SAFETY: this advice changes neither contents nor rights of the pages.
        // That the system declines it is no error.
        let _ = unsafe { madvise(start.cast_mut().cast(), length, Advice::LinuxHugepage) };
    }
}

#[cfg(not(target_os = "linux"))]
fn in_large_pages<T>(_: &[T]) {}

/// A list of `n` times the same value, which the threads touch first that will read it.
pub fn filled(n: usize, value: f64) -> Vec<f64> {
    let mut out = zeros(n);
    if value != 0.0 {
        planes(SERIAL, &mut out, |_, p| p.fill(value));
    }
    out
}

/// Calls `work(plane, cells)` for each plane of `out`; planes are disjoint.
pub fn planes<T: Send>(plane: usize, out: &mut [T], work: impl Fn(usize, &mut [T]) + Sync) {
    if out.len() <= SERIAL {
        out.chunks_mut(plane).enumerate().for_each(|(k, p)| work(k, p));
    } else {
        out.par_chunks_mut(plane).enumerate().for_each(|(k, p)| work(k, p));
    }
}

/// As [`planes`] with two outputs.
pub fn planes2<T: Send, U: Send>(
    plane: usize,
    a: &mut [T],
    b: &mut [U],
    work: impl Fn(usize, &mut [T], &mut [U]) + Sync,
) {
    if a.len() <= SERIAL {
        let both = a.chunks_mut(plane).zip(b.chunks_mut(plane));
        both.enumerate().for_each(|(k, (p, q))| work(k, p, q));
    } else {
        let both = a.par_chunks_mut(plane).zip(b.par_chunks_mut(plane));
        both.enumerate().for_each(|(k, (p, q))| work(k, p, q));
    }
}

/// As [`planes`] with a value per plane, returned in plane order.
pub fn planes_map<T: Send, R: Send>(
    plane: usize,
    out: &mut [T],
    work: impl Fn(usize, &mut [T]) -> R + Sync,
) -> Vec<R> {
    if out.len() <= SERIAL {
        out.chunks_mut(plane).enumerate().map(|(k, p)| work(k, p)).collect()
    } else {
        out.par_chunks_mut(plane).enumerate().map(|(k, p)| work(k, p)).collect()
    }
}

/// As [`planes_map`] with two outputs.
pub fn planes2_map<T: Send, U: Send, R: Send>(
    [of_a, of_b]: [usize; 2],
    a: &mut [T],
    b: &mut [U],
    work: impl Fn(usize, &mut [T], &mut [U]) -> R + Sync,
) -> Vec<R> {
    if a.len() <= SERIAL {
        let both = a.chunks_mut(of_a).zip(b.chunks_mut(of_b));
        both.enumerate().map(|(k, (p, q))| work(k, p, q)).collect()
    } else {
        let both = a.par_chunks_mut(of_a).zip(b.par_chunks_mut(of_b));
        both.enumerate().map(|(k, (p, q))| work(k, p, q)).collect()
    }
}

/// Cuts `planes` planes of `plane` cells into slabs of consecutive planes for work that carries
/// planes from one to the next: few, for their seams cost double work.
pub fn slabs(planes: usize, plane: usize) -> Vec<Range<usize>> {
    let most = if planes * plane <= SERIAL { 1 } else { rayon::current_num_threads() };
    let count = most.min(planes / 8).max(1);
    (0..count).map(|s| s * planes / count..(s + 1) * planes / count).collect()
}

/// Runs `work` on each job; results in the order of the jobs.
pub fn each<J: Send, R: Send>(jobs: Vec<J>, work: impl Fn(J) -> R + Sync + Send) -> Vec<R> {
    if jobs.len() == 1 {
        jobs.into_iter().map(work).collect()
    } else {
        jobs.into_par_iter().map(work).collect()
    }
}

/// Splits a slice into pieces of these lengths.
pub fn pieces<T>(mut v: &mut [T], lengths: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    let mut out = Vec::new();
    for length in lengths {
        let (piece, rest) = v.split_at_mut(length);
        out.push(piece);
        v = rest;
    }
    out
}

/// Evaluates `work(k)` for each of `count` planes of `plane` cells, returned in order.
pub fn map<R: Send>(count: usize, plane: usize, work: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
    if count * plane <= SERIAL {
        (0..count).map(work).collect()
    } else {
        (0..count).into_par_iter().map(work).collect()
    }
}

/// Sum of `work(k)` over planes, in the order of the planes.
pub fn sum(count: usize, plane: usize, work: impl Fn(usize) -> f64 + Sync + Send) -> f64 {
    map(count, plane, work).into_iter().sum()
}

/// As [`planes_map`] with any number of outputs of the same length.
pub fn planes_many_map<T: Send, R: Send>(
    plane: usize,
    outs: Vec<&mut [T]>,
    work: impl Fn(usize, &mut [&mut [T]]) -> R + Sync,
) -> Vec<R> {
    let length = outs.first().map_or(0, |o| o.len());
    let mut by_plane: Vec<Vec<&mut [T]>> = (0..length / plane.max(1)).map(|_| Vec::new()).collect();
    for out in outs {
        for (list, chunk) in by_plane.iter_mut().zip(out.chunks_mut(plane)) {
            list.push(chunk);
        }
    }
    if length <= SERIAL {
        by_plane.iter_mut().enumerate().map(|(k, p)| work(k, p)).collect()
    } else {
        by_plane.par_iter_mut().enumerate().map(|(k, p)| work(k, p)).collect()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The flags that the system holds for the memory at an address.
    fn flags(at: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|r| r.split_once('-'));
            let hex = |s| usize::from_str_radix(s, 16).ok();
            if let Some((Some(from), Some(to))) = range.map(|(a, b)| (hex(a), hex(b))) {
                inside = (from..to).contains(&at);
            } else if inside && let Some(flags) = line.strip_prefix("VmFlags:") {
                return flags.into();
            }
        }
        panic!("{at:#x} is in no map");
    }

    #[test]
    fn large_arrays_ask_for_large_pages() {
        if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
            return;
        }
        let (large, small) = (zeros::<f64>(5 << 20), zeros::<f32>(100_000));
        assert!(large.iter().all(|v| *v == 0.0) && small.iter().all(|v| *v == 0.0));
        let asked = |at: &f64| flags(std::ptr::from_ref(at) as usize).split(' ').any(|f| f == "hg");
        assert!(asked(&large[0]) && asked(&large[large.len() - 1]));
    }
}
