//! Closed surfaces of triangles: corners welded, edges checked, volume and area.

use std::collections::HashMap;

/// Points closer than this part of the largest coordinate are one: eight units in the last place
/// of a 32-bit number, which programs lose when they move or scale a part.
const WELD: f64 = 8.0 / (1 << 24) as f64;

/// Triangles whose normals, by the right-hand rule, point out of the body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surface {
    /// Corners, m.
    pub points: Vec<[f64; 3]>,
    /// Numbers of the three corners of each triangle.
    pub triangles: Vec<[u32; 3]>,
}

/// What the edges of a surface are like. In a watertight surface each belongs to two triangles
/// that pass it in opposite directions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Edges {
    /// Edges of one triangle: the rim of a hole.
    pub open: usize,
    /// Edges of two triangles that pass it in the same direction.
    pub flipped: usize,
    /// Edges of three triangles and more.
    pub non_manifold: usize,
    /// Edges that are passed more often one way than the other: there the surface leaks.
    pub leaking: usize,
    /// Middle of the first edge that is counted above, m, in the order of the triangles.
    pub first: Option<[f64; 3]>,
    /// Middle of the first leaking edge, m.
    pub leak: Option<[f64; 3]>,
}

impl Edges {
    /// Every edge belongs to two triangles that pass it in opposite directions.
    pub fn watertight(&self) -> bool {
        self.first.is_none()
    }

    /// The surface tells inside from outside everywhere: weaker than watertight, for bodies that
    /// touch along an edge have edges of four triangles.
    pub fn closed(&self) -> bool {
        self.leak.is_none()
    }
}

impl Surface {
    /// A surface from the corners of its triangles, three after three: equal corners become one
    /// point, triangles without three corners are left out.
    pub fn weld(corners: &[[f64; 3]]) -> Surface {
        let largest = corners.iter().flatten().fold(0.0, |m: f64, x| m.max(x.abs()));
        let mut welder = Welder::new(WELD * largest);
        let mut triangles = Vec::with_capacity(corners.len() / 3);
        for c in corners.chunks_exact(3) {
            let t = [welder.number(c[0]), welder.number(c[1]), welder.number(c[2])];
            if t[0] != t[1] && t[1] != t[2] && t[2] != t[0] {
                triangles.push(t);
            }
        }
        Surface { points: welder.points, triangles }
    }

    /// The corners of a triangle, m.
    pub fn corners(&self, triangle: [u32; 3]) -> [[f64; 3]; 3] {
        triangle.map(|p| self.points[p as usize])
    }

    /// Smallest and largest coordinates, m; `None` without points.
    pub fn bounds(&self) -> Option<[[f64; 3]; 2]> {
        let first = *self.points.first()?;
        Some(self.points.iter().fold([first; 2], |[low, high], p| {
            [std::array::from_fn(|a| low[a].min(p[a])), std::array::from_fn(|a| high[a].max(p[a]))]
        }))
    }

    /// Volume inside, m³, by the divergence theorem; negative where the surface is inside out.
    pub fn volume(&self) -> f64 {
        // From a point of the body: far from the origin the terms would cancel.
        let Some(&o) = self.points.first() else { return 0.0 };
        let part = |t: &[u32; 3]| {
            let [a, b, c] = self.corners(*t).map(|p| minus(p, o));
            dot(a, cross(b, c))
        };
        self.triangles.iter().map(part).sum::<f64>() / 6.0
    }

    /// Area, m².
    pub fn area(&self) -> f64 {
        let twice = |t: &[u32; 3]| {
            let n = normal(self.corners(*t));
            dot(n, n).sqrt()
        };
        self.triangles.iter().map(twice).sum::<f64>() / 2.0
    }

    /// Counts what is wrong with the edges.
    pub fn edges(&self) -> Edges {
        // Both ends, the smaller first; the triangle; whether it goes from the smaller.
        let mut uses: Vec<(u32, u32, u32, bool)> = Vec::with_capacity(3 * self.triangles.len());
        for (number, t) in self.triangles.iter().enumerate() {
            for (a, b) in [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])] {
                uses.push((a.min(b), a.max(b), number as u32, a < b));
            }
        }
        uses.sort_unstable();
        let mut edges = Edges::default();
        let (mut first, mut leak) = (None, None);
        for edge in uses.chunk_by(|p, q| (p.0, p.1) == (q.0, q.1)) {
            let forward = edge.iter().filter(|u| u.3).count();
            let balanced = 2 * forward == edge.len();
            match edge.len() {
                1 => edges.open += 1,
                2 if balanced => continue,
                2 => edges.flipped += 1,
                _ => edges.non_manifold += 1,
            }
            let place = (edge[0].2, edge[0].0, edge[0].1);
            first = Some(first.map_or(place, |f: (u32, u32, u32)| f.min(place)));
            if !balanced {
                edges.leaking += 1;
                leak = Some(leak.map_or(place, |f: (u32, u32, u32)| f.min(place)));
            }
        }
        let middle = |(_, a, b): (u32, u32, u32)| -> [f64; 3] {
            let (a, b) = (self.points[a as usize], self.points[b as usize]);
            std::array::from_fn(|x| f64::midpoint(a[x], b[x]))
        };
        edges.first = first.map(middle);
        edges.leak = leak.map(middle);
        edges
    }
}

/// Normal of a triangle; its length is twice the area.
pub fn normal([a, b, c]: [[f64; 3]; 3]) -> [f64; 3] {
    cross(minus(b, a), minus(c, a))
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Numbers points; those within a tolerance of an earlier one take the smallest such number, so
/// that equal points always get equal numbers.
struct Welder {
    tolerance: f64,
    points: Vec<[f64; 3]>,
    /// Last point of each cubic cell.
    cells: HashMap<[i64; 3], u32>,
    /// The point before it in the same cell; itself where there is none.
    before: Vec<u32>,
}

impl Welder {
    fn new(tolerance: f64) -> Welder {
        Welder { tolerance, points: Vec::new(), cells: HashMap::new(), before: Vec::new() }
    }

    /// The cell of a point: wide enough that few points have neighbours in another, narrow enough
    /// that few points more than the tolerance apart fit into one.
    fn cell(&self, p: [f64; 3]) -> [i64; 3] {
        p.map(|x| (x / (8.0 * self.tolerance)).floor() as i64)
    }

    fn number(&mut self, p: [f64; 3]) -> u32 {
        let low = self.cell(p.map(|x| x - self.tolerance));
        let high = self.cell(p.map(|x| x + self.tolerance));
        let mut found: Option<u32> = None;
        for i in low[0]..=high[0] {
            for j in low[1]..=high[1] {
                for k in low[2]..=high[2] {
                    let mut at = self.cells.get(&[i, j, k]).copied();
                    while let Some(q) = at {
                        let d = minus(self.points[q as usize], p);
                        if dot(d, d) <= self.tolerance * self.tolerance {
                            found = Some(found.map_or(q, |f| f.min(q)));
                        }
                        let before = self.before[q as usize];
                        at = (before != q).then_some(before);
                    }
                }
            }
        }
        found.unwrap_or_else(|| {
            let own = self.points.len() as u32;
            let before = self.cells.insert(self.cell(p), own);
            self.before.push(before.unwrap_or(own));
            self.points.push(p);
            own
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box from `low` to `high`, outward.
    fn cuboid(low: [f64; 3], high: [f64; 3]) -> Vec<[f64; 3]> {
        let at = |c: usize| std::array::from_fn(|a| if c >> a & 1 == 1 { high[a] } else { low[a] });
        let sides =
            [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];
        sides.iter().flat_map(|s| [s[0], s[1], s[2], s[0], s[2], s[3]].map(at)).collect()
    }

    #[test]
    fn a_box_has_its_volume_area_and_bounds() {
        let s = Surface::weld(&cuboid([1.0, -2.0, 3.0], [3.0, 1.0, 8.0]));
        assert_eq!((s.points.len(), s.triangles.len()), (8, 12));
        assert!((s.volume() - 30.0).abs() < 1e-12);
        assert!((s.area() - 2.0 * (6.0 + 10.0 + 15.0)).abs() < 1e-12);
        assert_eq!(s.bounds(), Some([[1.0, -2.0, 3.0], [3.0, 1.0, 8.0]]));
        assert!(s.edges().watertight() && s.edges().closed());
    }

    #[test]
    fn what_is_wrong_with_edges_is_counted_and_located() {
        let whole = cuboid([0.0; 3], [1.0; 3]);
        // Without the last triangle: its three edges are open.
        let hole = Surface::weld(&whole[..33]).edges();
        assert_eq!((hole.open, hole.flipped, hole.non_manifold, hole.leaking), (3, 0, 0, 3));
        // They bound the half of z = 1 with the corners 4, 7, 6.
        let places = [[0.5, 0.5, 1.0], [0.5, 1.0, 1.0], [0.0, 0.5, 1.0]];
        assert!(places.contains(&hole.first.expect("a place")), "{hole:?}");
        // The last turned round.
        let mut turned = whole.clone();
        turned.swap(33, 34);
        let turned = Surface::weld(&turned).edges();
        assert_eq!(
            (turned.open, turned.flipped, turned.non_manifold, turned.leaking),
            (0, 3, 0, 3)
        );
        // Two boxes that share an edge: four triangles on it, but it does not leak.
        let two = [whole, cuboid([1.0, 1.0, 0.0], [2.0, 2.0, 1.0])].concat();
        let two = Surface::weld(&two).edges();
        assert_eq!((two.open, two.flipped, two.non_manifold, two.leaking), (0, 0, 1, 0));
        assert_eq!(two.first, Some([1.0, 1.0, 0.5]));
        assert!(two.closed() && !two.watertight());
    }

    #[test]
    fn corners_that_rounding_parted_are_one() {
        let mut c = cuboid([0.0; 3], [1.0; 3]);
        for (i, p) in c.iter_mut().enumerate() {
            p[i % 3] += if i % 2 == 0 { 5e-8 } else { -5e-8 };
        }
        let s = Surface::weld(&c);
        assert_eq!(s.points.len(), 8);
        assert!(s.edges().watertight());
        // A sliver between the same two points is no triangle.
        assert_eq!(Surface::weld(&[[0.0; 3], [1.0; 3], [1.0, 1.0, 1.0 + 1e-9]]).triangles.len(), 0);
    }
}
