//! Units: the only table of unit names, and dimensions.

/// Exponents of metre, kilogram, second, mole, kelvin and cells (a count of its own).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dimension {
    /// Metre.
    pub m: i8,
    /// Kilogram.
    pub kg: i8,
    /// Second.
    pub s: i8,
    /// Mole.
    pub mol: i8,
    /// Kelvin.
    pub k: i8,
    /// Cells.
    pub cells: i8,
}

/// Short constructor used by the constants below.
const fn dim(m: i8, kg: i8, s: i8, mol: i8, k: i8, cells: i8) -> Dimension {
    Dimension { m, kg, s, mol, k, cells }
}

/// No dimension.
pub const NONE: Dimension = dim(0, 0, 0, 0, 0, 0);
/// Length, m.
pub const LENGTH: Dimension = dim(1, 0, 0, 0, 0, 0);
/// Area, m².
pub const AREA: Dimension = dim(2, 0, 0, 0, 0, 0);
/// Volume, m³.
pub const VOLUME: Dimension = dim(3, 0, 0, 0, 0, 0);
/// Time, s.
pub const TIME: Dimension = dim(0, 0, 1, 0, 0, 0);
/// Rate, 1/s.
pub const RATE: Dimension = dim(0, 0, -1, 0, 0, 0);
/// Velocity and film coefficient, m/s.
pub const VELOCITY: Dimension = dim(1, 0, -1, 0, 0, 0);
/// Diffusivity, m²/s.
pub const DIFFUSIVITY: Dimension = dim(2, 0, -1, 0, 0, 0);
/// Concentration, mol/m³.
pub const CONCENTRATION: Dimension = dim(-3, 0, 0, 1, 0, 0);
/// Molar flux, mol/m²/s.
pub const FLUX: Dimension = dim(-2, 0, -1, 1, 0, 0);
/// Amount of a solute, mol.
pub const AMOUNT: Dimension = dim(0, 0, 0, 1, 0, 0);
/// Molar mass, kg/mol.
pub const MOLAR_MASS: Dimension = dim(0, 1, 0, -1, 0, 0);
/// Number of cells.
pub const CELLS: Dimension = dim(0, 0, 0, 0, 0, 1);
/// Cell density, cells/m³.
pub const CELL_DENSITY: Dimension = dim(-3, 0, 0, 0, 0, 1);
/// Cell density on a surface, cells/m².
pub const CELL_SURFACE_DENSITY: Dimension = dim(-2, 0, 0, 0, 0, 1);
/// Uptake per cell, mol/cell/s.
pub const UPTAKE_PER_CELL: Dimension = dim(0, 0, -1, 1, 0, -1);
/// First-order uptake per cell, m³/cell/s.
pub const CLEARANCE_PER_CELL: Dimension = dim(3, 0, -1, 0, 0, -1);
/// Pressure, Pa.
pub const PRESSURE: Dimension = dim(-1, 1, -2, 0, 0, 0);
/// Temperature, K.
pub const TEMPERATURE: Dimension = dim(0, 0, 0, 0, 1, 0);
