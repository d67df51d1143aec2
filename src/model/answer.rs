//! One answer, and how numbers are printed.

use crate::ground::grid::Grid;

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Key for scripts ("viable_fraction").
    pub key: String,
    /// Name for people ("viable fraction").
    pub label: String,
    /// Value as printed ("83.1 %", "3.2 d at (2.5, 2.5, 0.1) mm").
    pub text: String,
    /// The value, where it is a number.
    pub number: Option<f64>,
    /// Unit of `number`; empty: none.
    pub unit: String,
    /// Centre of the voxel where `number` was found, m, by axis.
    pub place: Option<Vec<f64>>,
    /// When it was found, s.
    pub time: Option<f64>,
    /// What exactly is counted; empty where the name says it all.
    pub definition: String,
    /// Estimated error of `number` by grid and steps, where the case was refined.
    pub plus_minus: Option<f64>,
    /// Order observed by refining.
    pub order: Option<f64>,
    /// `number` by the other treatment of the structure, where both were run.
    pub other: Option<f64>,
}

impl Answer {
    /// The same, found in this voxel and moment.
    pub(super) fn found(mut self, grid: &Grid, voxel: usize, time: f64) -> Answer {
        self.place = Some(centre(grid, voxel));
        self.time = Some(time);
        self
    }
}

/// Centre of a voxel along the axes that are there, m.
fn centre(grid: &Grid, voxel: usize) -> Vec<f64> {
    grid.centre(voxel)[..grid.dimensions.clamp(1, 3)].to_vec()
}

/// Where the centre of a voxel is.
pub fn place(grid: &Grid, voxel: usize) -> String {
    let parts: Vec<String> = centre(grid, voxel).iter().map(|x| digits(x * 1e3)).collect();
    format!("({}) mm", parts.join(", "))
}

pub(super) fn answer(
    key: &str,
    label: &str,
    text: String,
    number: Option<f64>,
    unit: &str,
    definition: &str,
) -> Answer {
    Answer {
        key: key.into(),
        label: label.into(),
        text,
        number,
        unit: unit.into(),
        definition: definition.into(),
        ..Answer::default()
    }
}

/// A number with four digits that count.
pub fn digits(v: f64) -> String {
    let size = v.abs();
    if v == 0.0 {
        "0".into()
    } else if !(1e-3..1e5).contains(&size) {
        format!("{v:.3e}")
    } else {
        let places = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{v:.places$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        } else {
            text
        }
    }
}
