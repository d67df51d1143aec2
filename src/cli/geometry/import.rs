//! `blastema geometry import`.

use std::fmt::Write;
use std::path::PathBuf;

use super::super::failure::Failure;
use super::super::library::print;
use super::scan::Scan;
use super::{facts, load, outputs};
use crate::geometry::threshold::Histogram;
use crate::ground::units::number;

/// Arguments of `import`.
#[derive(clap::Args)]
#[command(
    after_help = "Reads TIFF (one file of many pages, or a folder of slices), PNG slices, NRRD, MetaImage, NIfTI, VTI,
NumPy, plain values, and STL. x runs along the rows of a slice, y down the rows, z through the slices.

Examples:
  blastema geometry import scans/ --voxel 19.5um --threshold otsu --out bone.tif
  blastema geometry import bone.nii.gz --threshold 63 --crop 0:100,0:100,50:150 --downsample 2 --out part.tif
  blastema geometry import plain.raw --shape 200,200,200 --type u16 --voxel 10um --threshold otsu --out a.tif
  blastema geometry import lattice.stl --voxel 50um --out lattice.tif"
)]
pub struct Args {
    #[command(flatten)]
    scan: Scan,
    /// File to write: .tif (read by cases, ImageJ), .stl, .vtkhdf (ParaView) or .png; repeatable
    #[arg(long)]
    out: Vec<PathBuf>,
    /// Threads (default: one per core)
    #[arg(long, default_value_t = 0, value_parser = super::super::threads)]
    threads: usize,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    args.scan.spared(&args.out)?;
    crate::ground::par::with_threads(args.threads, || {
        let got = load(&args.scan.sets())?;
        let mut text = String::new();
        if let Some(histogram) = &got.histogram {
            histogram_of(&mut text, histogram, &got.thresholds);
        }
        text.push_str(&facts::short(&got.structure));
        print(&text)?;
        outputs(&got.structure, &args.out)
    })
}

/// The grey values as columns of blocks, and the thresholds below them.
fn histogram_of(out: &mut String, histogram: &Histogram, thresholds: &[f64]) {
    const COLUMNS: usize = 64;
    const ROWS: usize = 6;
    let bins = histogram.counts.len();
    let used = |b: &usize| histogram.counts[*b] > 0;
    let (first, last) = ((0..bins).find(used).unwrap_or(0), (0..bins).rfind(used).unwrap_or(0));
    let span = last - first + 1;
    let columns = COLUMNS.min(span);
    let from = |column: usize| first + column * span / columns;
    let counts: Vec<u64> =
        (0..columns).map(|c| histogram.counts[from(c)..from(c + 1)].iter().sum()).collect();
    // Roots: a peak of background leaves the rest visible.
    let heights: Vec<f64> = counts.iter().map(|c| (*c as f64).sqrt()).collect();
    let most = heights.iter().fold(1.0_f64, |m, h| m.max(*h));
    for row in (0..ROWS).rev() {
        out.push_str("  ");
        for h in &heights {
            let filled = 8.0 * (h / most * ROWS as f64 - row as f64);
            // What is there is seen.
            let least = usize::from(row == 0 && *h > 0.0);
            out.push(facts::EIGHTHS[(filled.clamp(0.0, 8.0) as usize).max(least)]);
        }
        out.push('\n');
    }
    let grey = |bin: usize| histogram.low + bin as f64 * histogram.width;
    let mut marks = vec![' '; columns];
    for t in thresholds {
        let bin = ((t - histogram.low) / histogram.width) as usize;
        if let Some(c) = (0..columns).find(|c| from(*c + 1) > bin) {
            marks[c] = '▲';
        }
    }
    let marks: String = marks.into_iter().collect();
    let _ = writeln!(out, "  {}", marks.trim_end());
    let cut: Vec<String> = thresholds.iter().map(|t| number(*t)).collect();
    let cut =
        if cut.is_empty() { String::new() } else { format!(", threshold {}", cut.join(", ")) };
    let _ = writeln!(
        out,
        "grey       {} to {}{cut} (heights are roots of the counts)",
        number(grey(first)),
        number(grey(last + 1) - if histogram.width == 1.0 { 1.0 } else { 0.0 }),
    );
}
