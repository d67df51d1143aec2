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
