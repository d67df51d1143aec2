//! Edits of structures, on phantoms that no exchange of axes leaves as they are.

use blastema::geometry::structure::{Partial, Structure};

const N: [usize; 3] = [5, 4, 3];
const H: [f64; 3] = [1e-5, 2e-5, 3e-5];

fn voxels(n: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..n[2]).flat_map(move |k| (0..n[1]).flat_map(move |j| (0..n[0]).map(move |i| [i, j, k])))
}

/// Tells each voxel.
fn name([i, j, k]: [usize; 3]) -> u8 {
    (i + 10 * j + 50 * k) as u8
}

/// Every value of it tells its voxel.
fn phantom() -> Structure {
    let names: Vec<u8> = voxels(N).map(name).collect();
    let pore: Vec<u8> = names.iter().map(|v| v + 1).collect();
    let aperture = [0, 1, 2].map(|a| names.iter().map(|v| v + a).collect());
    Structure { n: N, h: H, phase: names, partial: Some(Partial { pore, aperture }) }
}

fn whole(open: bool) -> u8 {
    if open { 255 } else { 0 }
}

#[test]
fn a_crop_keeps_its_voxels_where_they_are() {
    let s = phantom().crop([1, 2, 0], [4, 4, 2]).expect("inside");
    assert_eq!((s.n, s.h), ([3, 2, 2], H));
    let partial = s.partial.as_ref().expect("shares");
    for (v, [i, j, k]) in voxels(s.n).enumerate() {
        let from = name([i + 1, j + 2, k]);
        assert_eq!((s.phase[v], partial.pore[v]), (from, from + 1));
        assert_eq!([0, 1, 2].map(|a| partial.aperture[a][v]), [from, from + 1, from + 2]);
    }
    assert_eq!(phantom().crop([0; 3], N).expect("all"), phantom());
    for (from, to) in [([0, 0, 0], [6, 4, 3]), ([2, 0, 0], [2, 4, 3]), ([0, 5, 0], [1, 4, 3])] {
        assert!(phantom().crop(from, to).is_err());
    }
}

/// 5 × 4 × 2 voxels by twos. The pores of the first block are (0,0,0), (1,0,0) and (0,0,1), those
/// of its neighbour along x all but (2,1,1), the others none but what lies at x = 4.
#[test]
fn coarse_voxels_keep_shares_and_faces() {
    let n = [5, 4, 2];
    let pore = |[i, j, k]: [usize; 3]| match (i / 2, j / 2) {
        (0, 0) => [[0, 0, 0], [1, 0, 0], [0, 0, 1]].contains(&[i, j, k]),
        (1, 0) => [i, j, k] != [2, 1, 1],
        (2, _) => true,
        _ => false,
    };
    let fine = Structure::binary(n, H, voxels(n).map(pore));
    let coarse = fine.downsample(2).expect("fits");
    assert_eq!(coarse.dropped, [1, 0, 0]);
    let s = coarse.structure;
    assert_eq!((s.n, s.h), ([2, 2, 1], [2e-5, 4e-5, 6e-5]));
    let partial = s.partial.expect("shares");
    // 3/8 and 7/8 of 255 are 95.6 and 223.1.
    assert_eq!(partial.pore, [96, 223, 0, 0]);
    assert_eq!(s.phase, [0, 0, 1, 1]);
    // Across x: two of the four outer faces at x = 0, (0,0,0) and (0,0,1); between the blocks
    // only (1,0,0)|(2,0,0). 127.5 is rounded up, 63.75 is 64.
    assert_eq!(partial.aperture[0], [128, 64, 0, 0]);
    // Across y: at the start (0,0,0), (1,0,0), (0,0,1), and all four.
    assert_eq!(partial.aperture[1], [191, 255, 0, 0]);
    // Across z: (0,0,0), (1,0,0), and all four.
    assert_eq!(partial.aperture[2], [128, 255, 0, 0]);
    assert!(fine.downsample(3).is_err() && fine.downsample(0).is_err());
}

/// Twice by two is once by four, but for the rounding of the first time.
#[test]
fn shares_go_on_through_coarser_and_coarser_voxels() {
    let n = [8, 12, 16];
    let fine = Structure::binary(n, H, voxels(n).map(|[i, j, k]| (i * i + 3 * j + 5 * k) % 7 < 3));
    let twice = fine.downsample(2).and_then(|s| s.structure.downsample(2)).expect("fits");
    let once = fine.downsample(4).expect("fits");
    let [twice, once] = [twice, once].map(|c| c.structure);
    assert_eq!((twice.n, twice.h), (once.n, once.h));
    assert!((once.porosity() - fine.porosity()).abs() < 0.5 / 255.0);
    let [a, b] = [twice.partial.expect("shares"), once.partial.expect("shares")];
    let lists = |p: Partial| [vec![p.pore], p.aperture.to_vec()].concat().concat();
    assert!(lists(a).iter().zip(lists(b)).all(|(x, y)| x.abs_diff(y) <= 1));
}

#[test]
fn of_more_phases_the_majority_stays() {
    let mut fine = Structure::binary([4, 2, 2], H, [true; 16].into_iter());
    // Left: 3 of pore, 3 of phase 1, 2 of phase 2. Right: 3 of 3, 3 of 2, 2 of pore.
    fine.phase = vec![1, 1, 3, 3, 0, 2, 2, 0, 0, 0, 3, 2, 1, 2, 2, 0];
    let s = fine.downsample(2).expect("fits").structure;
    assert_eq!((s.phase, s.partial), (vec![0, 2], None));
}

#[test]
fn the_inverse_has_the_rest() {
    let s = Structure::binary(N, H, voxels(N).map(|[i, j, k]| (i + 2 * j + 4 * k) % 5 < 2));
    let inverse = s.invert().expect("two phases");
    assert!((s.porosity() + inverse.porosity() - 1.0).abs() < 1e-12);
    assert_eq!(inverse.invert().expect("two phases"), s);
    // A row: solid, solid, half, pore, pore.
    let aperture = [vec![0, 0, 0, 100, 255], vec![0, 0, 128, 255, 255], vec![0, 0, 128, 255, 255]];
    let partial = Some(Partial { pore: vec![0, 0, 128, 255, 255], aperture });
    let row = Structure { n: [5, 1, 1], h: H, phase: vec![1, 1, 0, 0, 0], partial };
    let inverse = row.invert().expect("two phases");
    assert_eq!(inverse.phase, [0, 0, 0, 1, 1]);
    let partial = inverse.partial.expect("shares");
    assert_eq!(partial.pore, [255, 255, 127, 0, 0]);
    assert_eq!(partial.aperture[0], [255, 255, 255, 0, 0]);
    assert_eq!(partial.aperture[1], [255, 255, 127, 0, 0]);
    assert!(phantom().invert().is_err());
}

#[test]
fn what_does_not_percolate_is_filled() {
    // A channel along y at (1, 0), a dead end along x at (j, k) = (2, 2), a pocket at (4, 0, 1).
    let pore = |[i, j, k]: [usize; 3]| {
        (i == 1 && k == 0) || (j == 2 && k == 2 && i < 4) || [i, j, k] == [4, 0, 1]
    };
    let whole_of = || Structure::binary(N, H, voxels(N).map(pore));
    let channel = |[i, _, k]: [usize; 3]| i == 1 && k == 0;
    for axis in [Some(1), None] {
        let mut s = whole_of();
        assert_eq!(s.keep_percolating(axis), 5);
        assert_eq!(s, Structure::binary(N, H, voxels(N).map(channel)));
    }
    for axis in [Some(0), Some(2)] {
        let mut s = whole_of();
        assert_eq!(s.keep_percolating(axis), 9);
        assert_eq!(s.porosity(), 0.0);
    }
    // With shares: what is filled is closed, the channel stays as it was.
    let open = |at, below| whole(pore(at) && pore(below));
    let mut s = whole_of();
    let aperture = [0, 1, 2].map(|a| {
        let below = |mut at: [usize; 3]| {
            at[a] = at[a].saturating_sub(1);
            at
        };
        voxels(N).map(|at| open(at, below(at))).collect()
    });
    s.partial = Some(Partial { pore: voxels(N).map(|at| whole(pore(at))).collect(), aperture });
    s.keep_percolating(Some(1));
    let partial = s.partial.expect("shares");
    for (v, at) in voxels(N).enumerate() {
        assert_eq!((s.phase[v] == 0, partial.pore[v]), (channel(at), whole(channel(at))));
        // Its sides are closed but at its lowest layer; it has one voxel across x.
        assert_eq!(
            [0, 1, 2].map(|a| partial.aperture[a][v]),
            [0, whole(channel(at)), whole(channel(at))]
        );
    }
}

#[test]
fn padding_surrounds_with_one_phase() {
    let mut s = phantom();
    s.partial = None;
    let padded = s.pad(2, 7).expect("small");
    assert_eq!((padded.n, padded.h), ([9, 8, 7], H));
    for (v, at) in voxels(padded.n).enumerate() {
        let inside = (0..3).all(|a| (2..N[a] + 2).contains(&at[a]));
        let expected = if inside { name(at.map(|x| x - 2)) } else { 7 };
        assert_eq!(padded.phase[v], expected, "{at:?}");
    }
    assert_eq!(padded.crop([2; 3], [7, 6, 5]).expect("inside"), s);
    assert_eq!(s.pad(0, 7).expect("small"), s);
    assert!(s.pad(usize::MAX, 0).is_err() && s.pad(1 << 40, 0).is_err());
}

#[test]
fn padding_keeps_shares() {
    // A row of two partly filled voxels.
    let aperture = [vec![90, 80], vec![70, 60], vec![50, 40]];
    let partial = Some(Partial { pore: vec![100, 200], aperture });
    let row = Structure { n: [2, 1, 1], h: H, phase: vec![0, 0], partial };
    let padded = row.pad(1, 0).expect("small");
    let shares = padded.partial.expect("shares");
    // The middle row of 4 × 3 × 3 voxels begins at (0, 1, 1) = 16.
    assert_eq!(shares.pore[16..20], [255, 100, 200, 255]);
    assert_eq!(shares.aperture[0][16..20], [255, 90, 80, 200]);
    // Across y: in the row the voxels' own faces, in the next the pad's.
    assert_eq!(shares.aperture[1][16..20], [255, 70, 60, 255]);
    assert_eq!(shares.aperture[1][20..24], [255, 100, 200, 255]);
    assert_eq!(shares.aperture[2][16..20], [255, 50, 40, 255]);
    assert_eq!(shares.aperture[2][28..32], [255, 100, 200, 255]);
    let closed = row.pad(1, 1).expect("small");
    assert_eq!(closed.phase[16..20], [1, 0, 0, 1]);
    let shares = closed.partial.expect("shares");
    assert_eq!(shares.aperture[0][16..20], [0, 0, 80, 0]);
    assert_eq!(shares.aperture[1][20..24], [0; 4]);
    assert!(row.pad(1, 2).is_err());
}
