//! Lengths as image formats write them.

/// Metres of a unit, as microscopes and scanners spell it; `None` for pixels and the unknown.
pub(super) fn metres(unit: &str) -> Option<f64> {
    let unit = unit.trim().trim_matches('"').to_lowercase();
    Some(match unit.as_str() {
        "m" | "meter" | "metre" | "meters" | "metres" => 1.0,
        "cm" | "centimeter" | "centimetre" => 1e-2,
        "mm" | "millimeter" | "millimetre" | "millimeters" | "millimetres" => 1e-3,
        // Micro sign, Greek mu, and ImageJ's way to write the first in ASCII.
        "um" | "µm" | "μm" | "\\u00b5m" | "micron" | "microns" | "micrometer" | "micrometre"
        | "micrometers" | "micrometres" => 1e-6,
        "nm" | "nanometer" | "nanometre" => 1e-9,
        "å" | "angstrom" => 1e-10,
        "in" | "inch" | "inches" => 0.0254,
        _ => return None,
    })
}

/// Dots an inch for screens and printers, which programs for pictures write without knowing better.
const PRINTED: [f64; 10] = [72.0, 96.0, 100.0, 120.0, 150.0, 200.0, 240.0, 300.0, 600.0, 1200.0];

/// Edges of a voxel, m, from dots of this length and width where a scanner may have said so.
pub(super) fn dots(x: f64, y: f64) -> Option<[f64; 3]> {
    let inch = 0.0254 / x;
    let printed = PRINTED.iter().any(|p| (inch - p).abs() < 2e-3 * p);
    if printed { None } else { cube(x, y, 1.0) }
}

/// Edges of a voxel, m, from the spacing along one to three axes in units of `metres`. An axis
/// that is not there is one voxel as thick as the first edge. `None` unless all are positive.
pub(super) fn edges(spacing: &[f64], metres: f64) -> Option<[f64; 3]> {
    let first = *spacing.first()?;
    let edges = [0, 1, 2].map(|a| spacing.get(a).unwrap_or(&first).abs() * metres);
    edges.iter().all(|e| e.is_finite() && *e > 0.0).then_some(edges)
}

/// Edges from a spacing within the slices only: scanners make cubes, so where both agree (to
/// 0.1 %) the slices are taken to lie as far apart.
pub(super) fn cube(x: f64, y: f64, metres: f64) -> Option<[f64; 3]> {
    if (x - y).abs() <= 1e-3 * x.abs() { edges(&[x, y, x], metres) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 300 dots an inch are 84.67 µm, and 11 811 dots a metre; 1270 are 20 µm.
    #[test]
    fn the_resolution_of_a_printer_is_none_of_a_scanner() {
        assert_eq!(dots(0.0254 / 300.0, 0.0254 / 300.0), None);
        assert_eq!(dots(1.0 / 11811.0, 1.0 / 11811.0), None);
        assert_eq!(dots(1.0 / 2834.0, 1.0 / 2834.0), None);
        assert_eq!(dots(20e-6, 20e-6), Some([20e-6; 3]));
        assert_eq!(dots(20e-6, 30e-6), None);
    }
}
