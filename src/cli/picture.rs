//! A slice of a field in the terminal.

use std::fmt::Write;

use crate::ground::grid::Grid;

/// Characters from low to high, for terminals without colour.
const SHADES: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '#', '@'];

/// Colours from low to high (viridis at five points).
const COLOURS: [[f64; 3]; 5] = [
    [68.0, 1.0, 84.0],
    [59.0, 82.0, 139.0],
    [33.0, 145.0, 140.0],
    [94.0, 201.0, 98.0],
    [253.0, 231.0, 37.0],
];

/// The middle slice across y (x to the right, z up), `width` characters wide, scaled between
/// `low` and `high`; one line a row. With colour two voxel rows share a line.
pub fn slice(
    grid: &Grid,
    values: &[f64],
    low: f64,
    high: f64,
    width: usize,
    colour: bool,
) -> Vec<String> {
    // A grid without z shows x and y; without y, x alone.
    let up = if grid.n[2] > 1 { 2 } else { 1 };
    let tall = grid.length(0) / (grid.length(up).min(grid.length(0) * 4.0));
    let rows =
        ((width as f64 / tall / 2.0).round() as usize).clamp(1, 20) * if colour { 2 } else { 1 };
    let at = |column: usize, row: usize| {
        let mut voxel = [grid.n[0] / 2, grid.n[1] / 2, grid.n[2] / 2];
        voxel[0] = column * grid.n[0] / width;
        voxel[up] = (rows - 1 - row) * grid.n[up] / rows;
        let v = values[grid.index(voxel[0], voxel[1], voxel[2])];
        if v.is_nan() { None } else { Some(((v - low) / (high - low)).clamp(0.0, 1.0)) }
    };
    let mut lines = Vec::new();
    for row in (0..rows).step_by(if colour { 2 } else { 1 }) {
        let mut line = String::new();
        for column in 0..width {
            if colour {
                let (top, bottom) = (rgb(at(column, row)), rgb(at(column, row + 1)));
                let _ = write!(
                    line,
                    "\x1b[38;2;{};{};{}m\x1b[48;2;{};{};{}m▀",
                    top[0], top[1], top[2], bottom[0], bottom[1], bottom[2]
                );
            } else {
                line.push(at(column, row).map_or('/', |v| SHADES[(v * 8.0).round() as usize]));
            }
        }
        if colour {
            line += "\x1b[0m";
        }
        lines.push(line);
    }
    lines
}

/// Colour of a share between 0 and 1; grey for solid.
fn rgb(v: Option<f64>) -> [u8; 3] {
    let Some(v) = v else { return [90, 90, 90] };
    let x = v * 4.0;
    let i = (x as usize).min(3);
    std::array::from_fn(|c| {
        (COLOURS[i][c] + (COLOURS[i + 1][c] - COLOURS[i][c]) * (x - i as f64)) as u8
    })
}
