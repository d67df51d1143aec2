//! What a structure is, in lines for people.

use std::fmt::Write;

use super::super::picture;
use crate::geometry::structure::Structure;
use crate::ground::grid::Grid;
use crate::ground::units::{LENGTH, number, readable};

/// Heights of a bar, in eighths of a line.
pub const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Voxels, size, porosity, and the middle slice as a picture.
pub fn short(s: &Structure) -> String {
    use std::io::IsTerminal;
    let mut out = String::new();
    // The middle plane across y alone; where there is no z, all of x and y.
    let mut n = s.n;
    if n[2] > 1 {
        n[1] = 1;
    }
    let labels = s.phases() > 2;
    let shown = |i: usize| {
        let y = if s.n[2] > 1 { s.n[1] / 2 } else { i / n[0] };
        let voxel = (i / (n[0] * n[1]) * s.n[1] + y) * s.n[0] + i % n[0];
        if labels { f64::from(s.phase[voxel]) } else { 1.0 - s.pore(voxel) }
    };
    let shown: Vec<f64> = (0..n.iter().product()).map(shown).collect();
    let grid = Grid::cuboid(n, s.h);
    let most = f64::from((s.phases().max(2) - 1) as u32);
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for line in picture::slice(&grid, &shown, 0.0, most, 48, colour) {
        let _ = writeln!(out, "  {line}");
    }
    size(&mut out, s);
    let _ = writeln!(out, "porosity   {}", number(s.porosity()));
    out
}

/// Voxels and size.
pub fn size(out: &mut String, s: &Structure) {
    let join = |f: &dyn Fn(usize) -> String| (0..3).map(f).collect::<Vec<_>>().join(" × ");
    let same = s.h.iter().all(|h| *h == s.h[0]);
    let edges = if same { readable(s.h[0], LENGTH) } else { join(&|a| readable(s.h[a], LENGTH)) };
    let _ = writeln!(
        out,
        "structure  {} voxels of {edges} = {}",
        join(&|a| s.n[a].to_string()),
        join(&|a| readable(s.n[a] as f64 * s.h[a], LENGTH)),
    );
}
