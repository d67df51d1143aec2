//! What every law declares of itself, and the macro that turns a list of laws into a family.
//!
//! A family is an enum over its laws. Keywords, the list "expected one of", the JSON Schema,
//! the reference page and the derivative tests follow from the list: adding a law is a struct,
//! an impl and its name in the list, all in one file.

use crate::ground::units::Dimension;

/// A parameter of a law.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Key in the case file.
    pub name: &'static str,
    /// Dimension.
    pub dimension: Dimension,
    /// Smallest allowed value, SI.
    pub min: f64,
    /// True when `min` itself is refused.
    pub open: bool,
    /// Largest allowed value, SI.
    pub max: f64,
    /// Value when the key is not given; `None`: the key is required.
    pub default: Option<f64>,
    /// One line for the reference page.
    pub doc: &'static str,
}

impl Param {
    /// A required parameter greater than zero.
    pub const fn positive(name: &'static str, dimension: Dimension, doc: &'static str) -> Param {
        Param { name, dimension, min: 0.0, open: true, max: f64::INFINITY, default: None, doc }
    }
    /// A required parameter of zero or more.
    pub const fn not_negative(
        name: &'static str,
        dimension: Dimension,
        doc: &'static str,
    ) -> Param {
        Param { name, dimension, min: 0.0, open: false, max: f64::INFINITY, default: None, doc }
    }
    /// The same parameter with a default (SI).
    #[must_use]
    pub const fn or(self, default: f64) -> Param {
        Param { default: Some(default), ..self }
    }
    /// The same parameter with a largest value (SI).
    #[must_use]
    pub const fn up_to(self, max: f64) -> Param {
        Param { max, ..self }
    }
    /// The same parameter with a smallest allowed value (SI).
    #[must_use]
    pub const fn at_least(self, min: f64) -> Param {
        Param { min, open: false, ..self }
    }
}

/// What a law says of itself: for messages, schema and the reference page.
#[derive(Clone, Copy, Debug)]
pub struct LawInfo {
    /// Name in the case file, with hyphens.
    pub keyword: &'static str,
    /// Formula in plain text.
    pub formula: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
    /// Parameters in the order in which `new` takes them.
    pub params: &'static [Param],
}

/// Implemented by each law.
pub trait Law: Copy + Sized {
    /// Its declaration.
    const INFO: LawInfo;
    /// Builds it from the values of `INFO.params`, in that order, SI and already checked.
    fn new(values: &[f64]) -> Self;
}

/// Defines a family: an enum with one variant a law, `LAWS`, `build`, `info`, and the listed
/// methods of its trait, each dispatched once and running in the law's own code.
///
/// `laws! { /// doc  pub enum Uptake { FirstOrder, Hill } fn rate(c: f64) -> f64; }` gives
/// `enum Uptake { FirstOrder(FirstOrder), Hill(Hill) }` and `Uptake::rate(&self, c)`.
#[macro_export]
macro_rules! laws {
    ($(#[$doc:meta])* pub enum $family:ident { $($law:ident),+ $(,)? }
     $($(#[$fdoc:meta])* fn $method:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum $family { $(#[doc = concat!("See [`", stringify!($law), "`].")] $law($law)),+ }
        impl $family {
            /// Declarations of all laws of the family.
            pub const LAWS: &'static [$crate::physics::law::LawInfo] =
                &[$(<$law as $crate::physics::law::Law>::INFO),+];
            /// The law with this keyword, from the values of its `INFO.params` in order.
            pub fn build(keyword: &str, values: &[f64]) -> Option<Self> {
                $(if keyword == <$law as $crate::physics::law::Law>::INFO.keyword {
                    return Some(Self::$law(<$law as $crate::physics::law::Law>::new(values)));
                })+
                None
            }
            /// Declaration of this law.
            pub fn info(&self) -> $crate::physics::law::LawInfo {
                match self { $(Self::$law(_) => <$law as $crate::physics::law::Law>::INFO),+ }
            }
            $crate::forward!([$($law),+] $($(#[$fdoc])* fn $method($($arg: $type),*) $(-> $out)?;)*);
        }
    };
}

/// The dispatching methods of [`laws!`].
#[macro_export]
macro_rules! forward {
    ($laws:tt) => {};
    ($laws:tt $(#[$doc:meta])* fn $method:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?; $($rest:tt)*) => {
        $(#[$doc])*
        #[inline(always)]
        pub fn $method(&self, $($arg: $type),*) $(-> $out)? {
            $crate::dispatch!(self, $laws, law, law.$method($($arg),*))
        }
        $crate::forward!($laws $($rest)*);
    };
}

/// One `match` over the laws of a family.
#[macro_export]
macro_rules! dispatch {
    ($on:expr, [$($law:ident),+], $bound:ident, $body:expr) => {
        match $on { $(Self::$law($bound) => $body),+ }
    };
}
