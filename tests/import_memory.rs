//! What a hostile scan takes from the allocator: headers may claim any size, no piece of memory
//! is larger than 4 times the file and 64 MiB. Of TIFF only 256 MiB are sure for small
//! files: the crate opens them with this limit for the values of a tag.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use blastema::geometry::image::Image;
use blastema::geometry::import::{Ask, metaimage, nifti, npy, nrrd, png, tiff, vti};

/// Notes the largest piece that it passes on to the system.
struct Counting;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: the caller's promises are those that the system asks for.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALL: Counting = Counting;

fn random(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) as usize
}

/// Bytes with some of them changed: bits, extremes, and digits that make numbers long.
fn damaged(seed: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random(state) % 3 {
        // Headers stand in front.
        let at = random(state) % bytes.len().min(400);
        match random(state) % 5 {
            0 => bytes[at] = 0xff,
            1 => bytes[at] = 0x7f,
            2 => bytes[at] ^= 1 << (random(state) % 8),
            _ => {
                let digits = (at..bytes.len()).find(|i| bytes[*i].is_ascii_digit());
                let many = "999999999999".as_bytes().iter().take(1 + random(state) % 12);
                let at = digits.unwrap_or(at);
                bytes.splice(at..at, many.copied());
            }
        }
    }
    bytes
}

/// Alone in this file: other tests would be counted too.
#[test]
fn no_claim_of_a_header_is_allocated() {
    type Read = fn(&[u8], &Ask) -> Result<Image, String>;
    let readers: [(&str, Read); 7] = [
        ("tiff", tiff::read_bytes),
        ("png", png::read_bytes),
        ("npy", npy::read_bytes),
        ("vti", vti::read_bytes),
        ("nrrd", |b, ask| nrrd::read_bytes(b, b, ask)),
        ("metaimage", |b, ask| metaimage::read_bytes(b, b, ask)),
        ("nifti", |b, ask| nifti::read_bytes(b, b, ask)),
    ];
    let mut state = 1;
    for (name, read) in readers {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
        let (mut largest, mut refused, mut count) = (0, 0, 0);
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for path in files {
            let seed = std::fs::read(&path).unwrap();
            for _ in 0..40 {
                let bytes = damaged(&seed, &mut state);
                LARGEST.store(0, Relaxed);
                // Nothing but the file bounds what is held.
                refused += usize::from(read(&bytes, &Ask::default()).is_err());
                count += 1;
                let piece = LARGEST.load(Relaxed);
                let room = if name == "tiff" { 256 << 20 } else { 64 << 20 };
                let most = 4 * bytes.len() + room;
                assert!(piece <= most, "{}: {piece} bytes", path.display());
                largest = largest.max(piece);
            }
        }
        println!("{name}: {refused} of {count} refused, largest piece {largest} bytes");
        assert!(refused > count / 10, "{name}: damage must matter");
    }
}
