//! Threads, the only user of rayon, and the memory that they share. Work is cut into z planes; sums
//! are taken per plane and added in the order of the planes, so results do not depend on the number
//! of threads.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

/// Below this many values, padding included, a sweep runs on the calling thread: waking the others costs more.
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

/// A list of `n` times the same value, which the threads touch first that will read it.
pub fn filled(n: usize, value: f64) -> Vec<f64> {
    let mut out = vec![0.0; n];
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

/// As [`planes_map`] with two outputs, each with its own length of a plane.
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

/// As [`planes_map`] with three outputs.
pub fn planes3_map<T: Send, U: Send, V: Send, R: Send>(
    [of_a, of_b, of_c]: [usize; 3],
    a: &mut [T],
    b: &mut [U],
    c: &mut [V],
    work: impl Fn(usize, &mut [T], &mut [U], &mut [V]) -> R + Sync,
) -> Vec<R> {
    if a.len() <= SERIAL {
        let all = a.chunks_mut(of_a).zip(b.chunks_mut(of_b)).zip(c.chunks_mut(of_c));
        all.enumerate().map(|(k, ((p, q), r))| work(k, p, q, r)).collect()
    } else {
        let all = a.par_chunks_mut(of_a).zip(b.par_chunks_mut(of_b)).zip(c.par_chunks_mut(of_c));
        all.enumerate().map(|(k, ((p, q), r))| work(k, p, q, r)).collect()
    }
}

/// Cuts `planes` planes of `plane` cells into slabs of consecutive planes for work that carries
/// planes from one to the next: few, for their seams cost double work.
pub fn slabs(planes: usize, plane: usize) -> Vec<Range<usize>> {
    let most = if alone(planes * plane) { 1 } else { threads() };
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

/// True if a sweep over so many values runs on the calling thread alone.
pub fn alone(values: usize) -> bool {
    values <= SERIAL || threads() == 1
}

/// Runs work of one thread while another stays awake for the sweep that follows: to wake it takes
/// longer than to wait.
pub fn awake<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    /// Tells when it is dropped, also by a panic.
    struct Tells<'a>(&'a AtomicBool);
    impl Drop for Tells<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let done = AtomicBool::new(false);
    let work = || {
        let _tells = Tells(&done);
        work()
    };
    let wait = || {
        while !done.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
    };
    rayon::join(work, wait).0
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

#[cfg(target_os = "linux")]
pub use pages::Pages;

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
mod pages {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::ptr::{copy_nonoverlapping, null_mut};

    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    /// Gives arrays pages of their own, large ones where the system has them: one fault for 512,
    /// fewer addresses to look up, zeros that nobody has to write, and no lock of the heap. Smaller
    /// things come from the system's allocator. For the `#[global_allocator]` of a program.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Pages;

    /// A multiple of the size of a page on every processor.
    const SMALL: usize = 1 << 16;
    const LARGE: usize = 2 << 20;

    /// Bytes of the pages of an array; `None` for what is none.
    fn mapped(layout: Layout) -> Option<usize> {
        let (size, least) = (layout.size(), LARGE / 2);
        // More than half of a large page is worth a whole one.
        let page = if size % LARGE > least { LARGE } else { SMALL };
        (size >= least && layout.align() <= SMALL)
            .then(|| size.checked_next_multiple_of(page))
            .flatten()
    }

    /// `length` bytes of zeros, a multiple of `SMALL`, from a multiple of `LARGE` on; null if there
    /// are none.
    fn map(length: usize) -> *mut u8 {
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        let Some(room) = length.checked_add(LARGE) else { return null_mut() };
        // SAFETY: a new map, where the system has room. What is cut from it before and behind is
        // whole pages that nobody else knows of. The advice changes neither contents nor rights, and
        // that the system declines it is no error.
        unsafe {
            let Ok(whole) = mmap_anonymous(null_mut(), room, rights, MapFlags::PRIVATE) else {
                return null_mut();
            };
            let start = whole.map_addr(|a| a.next_multiple_of(LARGE));
            let before = start.addr() - whole.addr();
            if before > 0 {
                let _ = munmap(whole, before);
            }
            let _ = munmap(start.byte_add(length), LARGE - before);
            let _ = madvise(start, length, Advice::LinuxHugepage);
            start.cast()
        }
    }

    // SAFETY: what has pages of its own is told by the layout alone, which is the same when it is
    // given back; it starts on a page and is as long as was asked for at least. All else goes to the
    // system's allocator unchanged.
    unsafe impl GlobalAlloc for Pages {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: the caller's promises are those that the system asks for.
            mapped(layout).map_or_else(|| unsafe { System.alloc(layout) }, map)
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as above; new maps are zero.
            mapped(layout).map_or_else(|| unsafe { System.alloc_zeroed(layout) }, map)
        }

        unsafe fn dealloc(&self, array: *mut u8, layout: Layout) {
            match mapped(layout) {
                // SAFETY: `map` gave the array, with this length.
                Some(length) => unsafe {
                    let _ = munmap(array.cast(), length);
                },
                // SAFETY: the system gave it.
                None => unsafe { System.dealloc(array, layout) },
            }
        }

        unsafe fn realloc(&self, array: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: the caller promises that `size` makes a layout. The new array is as long as
            // what is copied, and no part of the old.
            unsafe {
                let new = Layout::from_size_align_unchecked(size, layout.align());
                match (mapped(layout), mapped(new)) {
                    (None, None) => return System.realloc(array, layout, size),
                    (Some(old), Some(new)) if old == new => return array,
                    _ => {}
                }
                let moved = self.alloc(new);
                if !moved.is_null() {
                    copy_nonoverlapping(array, moved, size.min(layout.size()));
                    self.dealloc(array, layout);
                }
                moved
            }
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::alloc::{GlobalAlloc, Layout};

    use super::*;

    /// The flags that the system holds for the memory at an address; none where there is nothing.
    fn flags(at: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|r| r.split_once('-'));
            let hex = |s| usize::from_str_radix(s, 16).ok();
            if let Some((Some(from), Some(to))) = range.map(|(a, b)| (hex(a), hex(b))) {
                inside = (from..to).contains(&at);
            } else if let Some(flags) = line.strip_prefix("VmFlags:")
                && inside
            {
                return flags.into();
            }
        }
        String::new()
    }

    #[test]
    #[allow(unsafe_code)]
    fn arrays_are_zero_keep_their_values_stand_in_large_pages_and_go_back() {
        let mebi = 1 << 20;
        let sizes = [1, mebi - 1, mebi, mebi + 1, 2 * mebi, 3 * mebi, 3 * mebi + 1, 9 * mebi + 7];
        for from in sizes {
            for to in sizes {
                let layout = Layout::from_size_align(from, 32).unwrap();
                // SAFETY: only bytes of the array are touched, and it is given back once, with
                // the layout that it has then.
                unsafe {
                    let array = Pages.alloc_zeroed(layout);
                    let bytes = std::slice::from_raw_parts_mut(array, from);
                    assert!(bytes.iter().all(|b| *b == 0), "{from}");
                    bytes.iter_mut().enumerate().for_each(|(i, b)| *b = (i % 251) as u8);
                    let array = Pages.realloc(array, layout, to);
                    let kept = std::slice::from_raw_parts_mut(array, to);
                    let same = |(i, b): (usize, &u8)| usize::from(*b) == i % 251;
                    assert!(kept[..from.min(to)].iter().enumerate().all(same), "{from} to {to}");
                    kept[to - 1] = 1;
                    Pages.dealloc(array, Layout::from_size_align(to, 32).unwrap());
                }
            }
        }
        // In the same test: another might get the same place.
        let layout = Layout::from_size_align(9 << 20, 8).unwrap();
        // SAFETY: given back once, with its layout; not touched after that.
        let at = unsafe {
            let array = Pages.alloc(layout);
            let (first, last) = (array.addr(), array.addr() + layout.size() - 1);
            if std::path::Path::new("/sys/kernel/mm/transparent_hugepage").exists() {
                assert!([first, last].iter().all(|at| flags(*at).contains(" hg")));
            }
            assert_eq!(first % (2 << 20), 0);
            Pages.dealloc(array, layout);
            [first, last]
        };
        assert!(at.iter().all(|at| !flags(*at).contains(" hg")));
    }
}
