//! The three middle planes side by side.

use super::{AXES, PAPER, PORE, Picture, blend, pore, solid};
use crate::geometry::structure::Structure;
use crate::ground::par;

/// Points a pixel along each of its sides.
const POINTS: usize = 3;
/// Axes to the right and up, and across, of each plane.
const PLANES: [[usize; 3]; 3] = [[0, 1, 2], [0, 2, 1], [1, 2, 0]];

/// The middle planes across z, y and x, side by side at one scale at which the longest edge of the
/// box has `edge` pixels; pore dark, solid bright. The lines to the left and below have the colours
/// of their axes: x red, y green, z blue. Empty without voxels.
pub fn slices(s: &Structure, edge: usize) -> Picture {
    if s.is_empty() || edge == 0 {
        return Picture { width: 0, height: 0, rgb: Vec::new() };
    }
    let length: [f64; 3] = std::array::from_fn(|a| s.n[a] as f64 * s.h[a]);
    let pixel = length[0].max(length[1]).max(length[2]) / edge as f64;
    let pixels = length.map(|l| ((l / pixel).round() as usize).max(1));
    let line = edge.div_ceil(160);
    let margin = 5 * line;
    let height = pixels[1].max(pixels[2]) + 2 * margin;
    let starts = [margin, 2 * margin + pixels[0], 3 * margin + 2 * pixels[0]];
    let width = starts[2] + pixels[1] + margin;
    let rows = par::map(height, width * POINTS * POINTS, |row| {
        let mut colours = vec![PAPER; width];
        // Rows from below the first one of all planes, which stand on one line.
        let up = (height - margin) as isize - 1 - row as isize;
        for (plane, start) in PLANES.iter().zip(starts) {
            let [u, v, _] = *plane;
            for right in -(line as isize)..pixels[u] as isize {
                let inside = (0..pixels[v] as isize).contains(&up);
                let below = (-(line as isize)..0).contains(&up);
                let colour = match (right < 0, inside) {
                    (false, true) => average(s, *plane, pixels, [right as usize, up as usize]),
                    (true, true) => AXES[v],
                    _ if below => AXES[u],
                    _ => continue,
                };
                colours[(start as isize + right) as usize] = colour;
            }
        }
        colours
    });
    Picture::new(width, &rows)
}

/// Mean colour in a pixel of a plane.
fn average(s: &Structure, plane: [usize; 3], pixels: [usize; 3], at: [usize; 2]) -> [f64; 3] {
    let [u, v, across] = plane;
    let mut voxel = [0; 3];
    voxel[across] = s.n[across] / 2;
    let mut sum = [0.0; 3];
    let place = |axis: usize, pixel: usize, point: usize| {
        let part = (pixel as f64 + (point as f64 + 0.5) / POINTS as f64) / pixels[axis] as f64;
        ((part * s.n[axis] as f64) as usize).min(s.n[axis] - 1)
    };
    for b in 0..POINTS {
        voxel[v] = place(v, at[1], b);
        for a in 0..POINTS {
            voxel[u] = place(u, at[0], a);
            let colour = blend(solid(s, voxel), PORE, pore(s, voxel));
            sum = blend(sum, colour, 1.0 / (b * POINTS + a + 1) as f64);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box of 4 × 2 × 2 whose half of high x is solid.
    #[test]
    fn planes_stand_side_by_side_with_their_axes() {
        let s = Structure::binary([4, 2, 2], [1.0; 3], (0..16).map(|i| i % 4 < 2));
        let p = slices(&s, 40);
        // Pixels of 1/10: 40, 40 and 20 wide, 20 high; margins of 5.
        assert_eq!((p.width, p.height, p.rgb.len()), (40 + 40 + 20 + 20, 30, 120 * 30 * 3));
        let at = |x: usize, y: usize| -> [u8; 3] {
            std::array::from_fn(|c| p.rgb[(y * p.width + x) * 3 + c])
        };
        let bytes = |c: [f64; 3]| c.map(|c| (c * 255.0).round() as u8);
        let (pore, solid) = (bytes(PORE), bytes(super::super::SOLIDS[0]));
        assert_eq!([at(5, 5), at(24, 24), at(50, 10)], [pore; 3]);
        assert_eq!([at(25, 5), at(44, 24), at(89, 10)], [solid; 3]);
        // The middle across x is its third voxel.
        assert_eq!(at(95, 15), solid);
        assert_eq!([at(4, 10), at(20, 25), at(94, 10)], [AXES[1], AXES[0], AXES[2]].map(bytes));
        assert_eq!(at(0, 0), [255; 3]);
    }

    #[test]
    fn shares_are_between_and_nothing_is_nothing() {
        let mut s = Structure::binary([2, 2, 2], [1.0; 3], (0..8).map(|_| false));
        let pore = vec![51; 8];
        s.phase.fill(0);
        s.partial =
            Some(crate::geometry::structure::Partial { pore, aperture: Default::default() });
        let p = slices(&s, 10);
        let at = (10 * p.width + 10) * 3;
        let solid = super::super::SOLIDS[0];
        for c in 0..3 {
            let right = 255.0 * (0.8 * solid[c] + 0.2 * PORE[c]);
            assert!((f64::from(p.rgb[at + c]) - right).abs() < 1.0);
        }
        assert_eq!(slices(&s, 0).rgb.len(), 0);
    }
}
