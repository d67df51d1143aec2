//! Expectations of a case: what its result must be, from theory or a reference.

/// One `[[expect]]`.
#[derive(Clone, Debug)]
pub struct Expect {
    /// A field ("oxygen", "msc.viable"), a ledger entry ("oxygen.in.z_max", "oxygen.used") or
    /// an answer ("viable_fraction").
    pub what: String,
    /// Where or how the field is taken.
    pub take: Take,
    /// Ledger entries: per time instead of cumulative.
    pub rate: bool,
    /// Time, s.
    pub time: f64,
    /// What must hold.
    pub check: Check,
    /// `file:line` for messages.
    pub origin: String,
}

/// Where or how a field is taken.
#[derive(Clone, Debug)]
pub enum Take {
    /// At a point, m.
    At([f64; 3]),
    /// Volume mean over live voxels.
    Mean,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Along points with a reference value each.
    Profile(Vec<([f64; 3], f64)>),
    /// Not a field.
    Whole,
}

/// What must hold (SI).
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Lower and upper bound.
    Between(f64, f64),
    /// Reference value with a relative tolerance.
    Relative(f64, f64),
    /// Reference value with an absolute tolerance.
    Absolute(f64, f64),
    /// A profile, each point within a relative tolerance where the reference exceeds the
    /// second number, else within the third (absolute).
    Profile(f64, f64, f64),
}
