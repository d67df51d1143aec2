//! Units: the only table of unit names, and dimensions.
//!
//! A quantity is a number and a unit: `"2.7e-9 m^2/s"`, `"98 fmol/cell/h"`,
//! `"10 nmol/1e6 cells/h"`. Factors are joined by a space or `*`, `/` takes the factor after
//! it, and a number after `/` belongs to the unit that follows. `um`, `µm` and `micron` are
//! the same; so are `^2` and `²`.

mod parse;
mod spelling;

pub use parse::{parse, parse_as, unit};
pub use spelling::nearest;

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
/// Velocity of cells per gradient of a mass density, m⁵/kg/s.
pub const HAPTOTACTIC: Dimension = dim(5, -1, -1, 0, 0, 0);
/// Velocity of cells per gradient of a concentration, m⁵/mol/s.
pub const CHEMOTACTIC: Dimension = dim(5, 0, -1, -1, 0, 0);
/// Concentration, mol/m³.
pub const CONCENTRATION: Dimension = dim(-3, 0, 0, 1, 0, 0);
/// Molar flux, mol/m²/s.
pub const FLUX: Dimension = dim(-2, 0, -1, 1, 0, 0);
/// Source of a solute per volume, mol/m³/s.
pub const SOURCE: Dimension = dim(-3, 0, -1, 1, 0, 0);
/// Mass per volume, kg/m³.
pub const MASS_DENSITY: Dimension = dim(-3, 1, 0, 0, 0, 0);
/// Mass made per cell, kg/cell/s.
pub const MASS_PER_CELL: Dimension = dim(0, 1, -1, 0, 0, -1);
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
/// Mass, kg.
pub const MASS: Dimension = dim(0, 1, 0, 0, 0, 0);
/// Volume flow, m³/s.
pub const VOLUME_RATE: Dimension = dim(3, 0, -1, 0, 0, 0);
/// Amount of a solute per time, mol/s.
pub const AMOUNT_RATE: Dimension = dim(0, 0, -1, 1, 0, 0);
/// Dynamic viscosity, Pa s.
pub const VISCOSITY: Dimension = dim(-1, 1, -1, 0, 0, 0);

/// Pascal in a millimetre of mercury.
pub const MMHG: f64 = 133.322_387_415;
/// Solubility of oxygen in culture medium at 37 °C, mol/m³/mmHg: 1 %O2 of a dry gas at 760 mmHg
/// is 9.576e-3 mol/m³. Typical value; other temperatures are not converted (their law, for saline
/// and plasma: Christmas and Bassingthwaighte, J. Appl. Physiol. 122 (2017) 1313).
pub const OXYGEN_SOLUBILITY: f64 = 1.26e-3;

/// Concentration (mol/m³) of oxygen in medium at a partial pressure (Pa).
pub fn oxygen_at(pressure: f64) -> f64 {
    pressure / MMHG * OXYGEN_SOLUBILITY
}

/// A unit: name, dimension, SI value, and whether it takes a prefix (k, m, u, n …).
struct Unit(&'static str, Dimension, f64, bool);

const ENERGY: Dimension = dim(2, 1, -2, 0, 0, 0);
const FORCE: Dimension = dim(1, 1, -2, 0, 0, 0);

/// Every unit that a case may name.
const UNITS: &[Unit] = &[
    Unit("m", LENGTH, 1.0, true),
    Unit("micron", LENGTH, 1e-6, false),
    Unit("microns", LENGTH, 1e-6, false),
    Unit("s", TIME, 1.0, true),
    Unit("min", TIME, 60.0, false),
    Unit("h", TIME, 3600.0, false),
    Unit("hour", TIME, 3600.0, false),
    Unit("hours", TIME, 3600.0, false),
    Unit("d", TIME, 86400.0, false),
    Unit("day", TIME, 86400.0, false),
    Unit("days", TIME, 86400.0, false),
    Unit("wk", TIME, 604_800.0, false),
    Unit("week", TIME, 604_800.0, false),
    Unit("weeks", TIME, 604_800.0, false),
    Unit("g", MASS, 1e-3, true),
    Unit("mol", AMOUNT, 1.0, true),
    Unit("M", CONCENTRATION, 1e3, true),
    Unit("L", VOLUME, 1e-3, true),
    Unit("l", VOLUME, 1e-3, true),
    Unit("Pa", PRESSURE, 1.0, true),
    Unit("mmHg", PRESSURE, MMHG, false),
    Unit("bar", PRESSURE, 1e5, true),
    Unit("atm", PRESSURE, 101_325.0, false),
    Unit("%O2", PRESSURE, 7.6 * MMHG, false),
    Unit("dyn", FORCE, 1e-5, false),
    Unit("N", FORCE, 1.0, true),
    Unit("J", ENERGY, 1.0, true),
    Unit("P", VISCOSITY, 0.1, true),
    Unit("Da", MOLAR_MASS, 1e-3, true),
    Unit("cell", CELLS, 1.0, false),
    Unit("cells", CELLS, 1.0, false),
    Unit("K", TEMPERATURE, 1.0, true),
    Unit("%", NONE, 1e-2, false),
];

const PREFIXES: &[(&str, f64)] = &[
    ("a", 1e-18),
    ("f", 1e-15),
    ("p", 1e-12),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("c", 1e-2),
    ("d", 1e-1),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
];

/// Units in which values are printed, largest first; the first is also the example to write.
const READABLE: &[(Dimension, &[&str])] = &[
    (LENGTH, &["m", "mm", "um", "nm"]),
    (TIME, &["d", "h", "min", "s", "ms"]),
    (AREA, &["cm^2", "mm^2", "um^2"]),
    (VOLUME, &["L", "mL", "uL", "nL"]),
    (RATE, &["1/s", "1/h", "1/d"]),
    (VELOCITY, &["mm/s", "um/s", "nm/s"]),
    (DIFFUSIVITY, &["m^2/s"]),
    (CONCENTRATION, &["mM", "uM", "nM", "pM"]),
    (FLUX, &["mol/m^2/s", "umol/m^2/s", "nmol/m^2/s", "pmol/m^2/s"]),
    (MASS_DENSITY, &["mg/mL", "ug/mL", "ng/mL"]),
    (MASS_PER_CELL, &["ng/cell/d", "pg/cell/d", "fg/cell/d"]),
    (MASS, &["g", "mg", "ug", "ng"]),
    (SOURCE, &["mM/h", "uM/h", "nM/h", "pM/h"]),
    (AMOUNT, &["mol", "mmol", "umol", "nmol", "pmol", "fmol"]),
    (AMOUNT_RATE, &["nmol/h", "pmol/h", "fmol/h"]),
    (MOLAR_MASS, &["kDa", "g/mol"]),
    (CELLS, &["cells"]),
    (CELL_DENSITY, &["cells/mL"]),
    (CELL_SURFACE_DENSITY, &["cells/cm^2"]),
    (UPTAKE_PER_CELL, &["pmol/cell/h", "fmol/cell/h", "amol/cell/h"]),
    (CLEARANCE_PER_CELL, &["nL/cell/h", "pL/cell/h", "fL/cell/h"]),
    (PRESSURE, &["kPa", "Pa", "mPa"]),
    (TEMPERATURE, &["K"]),
    (VISCOSITY, &["mPa s"]),
];

/// A number with its dimension, SI.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// SI value.
    pub value: f64,
    /// Dimension.
    pub dimension: Dimension,
}

/// Why a text is no quantity, as data.
#[derive(Clone, Debug, PartialEq)]
pub enum UnitError {
    /// Nothing there.
    Empty,
    /// Longer than any quantity.
    TooLong,
    /// Does not begin with a number.
    NotANumber(String),
    /// A comma in the number; what was probably meant.
    DecimalComma(String),
    /// A space in the number; what was probably meant.
    SpacedNumber(String),
    /// NaN, infinite, or beyond what a double holds.
    NotFinite(String),
    /// A unit that is not in the table, and the nearest one that is.
    Unknown(String, Option<String>),
    /// Text that is no unit.
    Unexpected(String),
    /// A product after a division: which factor is divided by?
    Ambiguous(String),
    /// A number without a unit where this dimension is expected.
    Missing(Dimension),
    /// Another dimension than the expected one.
    Dimension {
        /// What the text has.
        found: Dimension,
        /// What is expected.
        expected: Dimension,
    },
}

impl std::fmt::Display for UnitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UnitError::Empty => write!(f, "is empty"),
            UnitError::TooLong => write!(f, "is longer than 200 characters"),
            UnitError::NotANumber(t) => write!(f, "`{t}` is not a number"),
            UnitError::DecimalComma(t) => {
                write!(f, "has a comma in the number: decimals take a point, write \"{t}\"")
            }
            UnitError::SpacedNumber(t) => {
                write!(f, "has a space in the number: write \"{t}\"")
            }
            UnitError::NotFinite(t) => write!(f, "`{t}` is not a finite number"),
            UnitError::Unknown(t, None) => write!(f, "unknown unit `{t}`"),
            UnitError::Unknown(t, Some(n)) => write!(f, "unknown unit `{t}`, did you mean `{n}`?"),
            UnitError::Unexpected(t) => write!(f, "unexpected `{t}` after the value"),
            UnitError::Ambiguous(t) => {
                write!(f, "`{t}` after a division is ambiguous: write `/{t}` or brackets")
            }
            UnitError::Missing(d) => write!(f, "has no unit, expected {}", words(*d)),
            UnitError::Dimension { found, expected } => {
                write!(f, "has {}, expected {}", words(*found), words(*expected))
            }
        }
    }
}

impl std::error::Error for UnitError {}

impl Dimension {
    /// Exponents in the order of the words and symbols below.
    fn exponents(self) -> [i8; 6] {
        [self.mol, self.cells, self.kg, self.m, self.k, self.s]
    }
    /// `self · other^p`; `None` when an exponent leaves its range.
    pub fn times(self, other: Dimension, p: i8) -> Option<Dimension> {
        let add =
            |a: i8, b: i8| a.checked_add(b.checked_mul(p)?).filter(|v| (-24..=24).contains(v));
        Some(dim(
            add(self.m, other.m)?,
            add(self.kg, other.kg)?,
            add(self.s, other.s)?,
            add(self.mol, other.mol)?,
            add(self.k, other.k)?,
            add(self.cells, other.cells)?,
        ))
    }
}

/// `a^2·b/c` from names and exponents.
fn compose(names: [&str; 6], exponents: [i8; 6], dot: &str, one: &str) -> String {
    let part = |name: &str, e: i8| if e == 1 { name.into() } else { format!("{name}^{e}") };
    let pairs = || names.into_iter().zip(exponents);
    let top: Vec<String> = pairs().filter(|p| p.1 > 0).map(|(n, e)| part(n, e)).collect();
    let mut text = if top.is_empty() { one.to_owned() } else { top.join(dot) };
    for (n, e) in pairs().filter(|p| p.1 < 0) {
        text.push('/');
        text += &part(if n == "cells" { "cell" } else { n }, -e);
    }
    text
}

/// A dimension in words: `length^2/time`.
pub fn words(d: Dimension) -> String {
    if d == NONE {
        return "no dimension".into();
    }
    compose(["amount", "cells", "mass", "length", "temperature", "time"], d.exponents(), "·", "1")
}

/// The SI unit of a dimension: `m^2/s`; empty without dimension.
pub fn si(d: Dimension) -> String {
    match d {
        NONE => String::new(),
        PRESSURE => "Pa".into(),
        VISCOSITY => "Pa s".into(),
        _ => compose(["mol", "cells", "kg", "m", "K", "s"], d.exponents(), " ", "1"),
    }
}

/// A unit that people use for this dimension: `mm` for a length.
pub fn usual(d: Dimension) -> String {
    match d {
        LENGTH => "mm".into(),
        RATE => "1/d".into(),
        CONCENTRATION => "mol/m^3".into(),
        UPTAKE_PER_CELL => "fmol/cell/h".into(),
        FLUX => "mol/m^2/s".into(),
        _ => READABLE.iter().find(|r| r.0 == d).map_or_else(|| si(d), |r| r.1[0].into()),
    }
}

/// A value with an SI number in a readable unit: `5 mm`, `98 fmol/cell/h`.
pub fn readable(value: f64, d: Dimension) -> String {
    let Some((_, names)) = READABLE.iter().find(|r| r.0 == d) else {
        return format!("{} {}", number(value), si(d)).trim_end().into();
    };
    let factor = |name: &str| unit(name).map_or(1.0, |u| u.value);
    let fits = names.iter().find(|n| value.abs() >= factor(n) * (1.0 - 1e-12));
    let name = match fits {
        Some(name) => name,
        None if value == 0.0 => return format!("0 {}", usual(d)),
        None => names[names.len() - 1],
    };
    format!("{} {name}", number(value / factor(name)))
}

/// A number with at most five significant digits.
pub fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    let exponent = x.abs().log10().floor() as i32;
    if (-3..6).contains(&exponent) {
        let text = format!("{x:.*}", (4 - exponent).max(0) as usize);
        if text.contains('.') {
            return text.trim_end_matches('0').trim_end_matches('.').into();
        }
        return text;
    }
    let text = format!("{x:.4e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{power}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}

/// Unit for times of this size: name and seconds.
pub fn time_unit(seconds: f64) -> (&'static str, f64) {
    match seconds {
        s if s >= 2.0 * 86400.0 => ("d", 86400.0),
        s if s >= 2.0 * 3600.0 => ("h", 3600.0),
        s if s >= 120.0 => ("min", 60.0),
        _ => ("s", 1.0),
    }
}

/// The unit with exactly this name, prefix included.
pub fn named(name: &str) -> Option<Quantity> {
    let exact = UNITS.iter().find(|u| u.0 == name).map(|u| (u, 1.0));
    let prefixed = || {
        PREFIXES.iter().find_map(|(p, factor)| {
            let base = name.strip_prefix(p)?;
            UNITS.iter().find(|u| u.3 && u.0 == base).map(|u| (u, *factor))
        })
    };
    let (u, factor) = exact.or_else(prefixed)?;
    Some(Quantity { value: u.2 * factor, dimension: u.1 })
}

/// The known unit that is spelled most like this one.
fn near_unit(name: &str) -> Option<String> {
    let power = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if power.len() < name.len() && named(power).is_some() {
        return Some(format!("{power}^{}", &name[power.len()..]));
    }
    let long = match name.to_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" => "s",
        "minute" | "minutes" | "mins" => "min",
        "hr" | "hrs" => "h",
        "molar" => "M",
        "millimolar" => "mM",
        "micromolar" => "uM",
        "nanomolar" => "nM",
        "meter" | "metre" | "meters" | "metres" => "m",
        "micrometer" | "micrometre" | "micrometers" | "micrometres" => "um",
        "millimeter" | "millimetre" | "millimeters" | "millimetres" => "mm",
        "liter" | "litre" | "liters" | "litres" => "L",
        "milliliter" | "millilitre" | "ml" | "cc" => "mL",
        "percent" => "%",
        "torr" => "mmHg",
        _ => "",
    };
    if !long.is_empty() {
        return Some(long.into());
    }
    let all = UNITS.iter().map(|u| u.0.to_owned()).chain(
        UNITS
            .iter()
            .filter(|u| u.3)
            .flat_map(|u| PREFIXES.iter().map(|p| format!("{}{}", p.0, u.0))),
    );
    let all: Vec<String> = all.collect();
    nearest(name, all.iter().map(String::as_str)).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs()
    }

    #[test]
    fn units_that_bioengineers_write() {
        for (text, value, d) in [
            ("2.7e-9 m^2/s", 2.7e-9, DIFFUSIVITY),
            ("2.7e-9 m²/s", 2.7e-9, DIFFUSIVITY),
            ("2.7e−9 m²·s⁻¹", 2.7e-9, DIFFUSIVITY),
            ("2e6 cells/mL", 2e12, CELL_DENSITY),
            ("2×10⁶ cells/mL", 2e12, CELL_DENSITY),
            ("2 * 10^6 cells/mL", 2e12, CELL_DENSITY),
            ("2.7·10⁻⁹ m²/s", 2.7e-9, DIFFUSIVITY),
            ("98 fmol/cell/h", 98e-15 / 3600.0, UPTAKE_PER_CELL),
            ("10 nmol/1e6 cells/h", 1e-8 / 1e6 / 3600.0, UPTAKE_PER_CELL),
            ("10 nmol/10^6 cells/h", 1e-8 / 1e6 / 3600.0, UPTAKE_PER_CELL),
            ("10 nmol/(1e6 cells h)", 1e-8 / 1e6 / 3600.0, UPTAKE_PER_CELL),
            ("50 µm", 50e-6, LENGTH),
            ("50 micron", 50e-6, LENGTH),
            ("5mm", 5e-3, LENGTH),
            ("14 d", 14.0 * 86400.0, TIME),
            ("2 weeks", 1_209_600.0, TIME),
            ("8 uM", 8e-3, CONCENTRATION),
            ("1e-6 1/s", 1e-6, RATE),
            ("1e-6/s", 1e-6, RATE),
            ("0.69 mPa s", 0.69e-3, VISCOSITY),
            ("10 dyn/cm^2", 1.0, PRESSURE),
            ("38.2 kDa", 38.2, MOLAR_MASS),
            ("180 g/mol", 0.18, MOLAR_MASS),
            ("37 degC", 310.15, TEMPERATURE),
            ("37 °C", 310.15, TEMPERATURE),
            ("92 %", 0.92, NONE),
            ("0.5", 0.5, NONE),
            ("3 ng/mL", 3e-6, dim(-3, 1, 0, 0, 0, 0)),
        ] {
            let q = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(q.dimension, d, "{text}");
            assert!(close(q.value, value), "{text}: {} not {value}", q.value);
        }
        assert!(close(oxygen_at(parse("1 %O2").unwrap().value), 9.576e-3));
        assert!(close(oxygen_at(parse("160 mmHg").unwrap().value), 160.0 * 1.26e-3));
    }

    #[test]
    fn what_is_refused_and_why() {
        let said = |t: &str| parse(t).unwrap_err().to_string();
        assert!(said("100000,0 um^2/min").contains("write \"100000.0 um^2/min\""));
        assert!(said("2,5 mm").contains("write \"2.5 mm\""));
        assert!(said("0,005 mm").contains("write \"0.005 mm\""));
        assert!(said("2,000 mm").contains("write \"2.000 mm\" or \"2000 mm\""));
        assert!(said("2,000,000 cells/mL").contains("write \"2000000 cells/mL\""));
        assert!(said("2,000.5 mm").contains("write \"2000.5 mm\""));
        assert!(said("3.000,5 mm").contains("write \"3000.5 mm\""));
        assert!(said("1 500 um").contains("write \"1500 um\""));
        assert!(said("2 000 000 cells/mL").contains("write \"2000000 cells/mL\""));
        assert!(said("1\u{202f}500.5 um").contains("write \"1500.5 um\""));
        assert!(said("1e5 um2/min").contains("did you mean `um^2`"));
        assert!(said("fast").contains("not a number"));
        assert!(said("nan mm").contains("finite"));
        assert!(said("1e999 mm").contains("finite"));
        assert!(said("1e-999 mm").contains("finite"));
        assert!(said("5 mm garbage").contains("unknown unit `garbage`"));
        assert!(said("5 mm/").contains("unexpected"));
        assert!(said("5 mm^99").contains("unexpected"));
        assert!(said("1 nmol/min mg").contains("ambiguous"));
        assert!(said("5 mmolar").contains("unknown unit"));
        assert!(said("5 hrs").contains("`h`"));
        assert!(said("").contains("empty"));
        assert!(said("5 ((((((m))))))").contains("unexpected"));
        assert_eq!(
            parse_as("2.1e-9 m/s", DIFFUSIVITY).unwrap_err().to_string(),
            "has length/time, expected length^2/time"
        );
        assert_eq!(parse_as("3", LENGTH).unwrap_err(), UnitError::Missing(LENGTH));
    }

    #[test]
    fn values_read_well() {
        assert_eq!(readable(5e-3, LENGTH), "5 mm");
        assert_eq!(readable(50e-6, LENGTH), "50 um");
        assert_eq!(readable(2e12, CELL_DENSITY), "2e6 cells/mL");
        assert_eq!(readable(14.0 * 86400.0, TIME), "14 d");
        assert_eq!(readable(0.0, LENGTH), "0 mm");
        assert_eq!(number(0.95), "0.95");
        assert_eq!(number(2.7e-9), "2.7e-9");
        assert_eq!(number(123456.0), "123456");
    }

    #[test]
    fn spelling() {
        assert_eq!(
            nearest("difusivity", ["diffusivity", "decay"].into_iter()),
            Some("diffusivity")
        );
        assert_eq!(nearest("zzz", ["diffusivity", "decay"].into_iter()), None);
    }
}
