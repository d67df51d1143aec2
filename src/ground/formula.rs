//! Bounded arithmetic in the coordinates (x, y, z or r, z): `0.5*(1 - tanh((x - 10 mm)/(1 mm)))`.
//!
//! Variables are lengths, literals may carry a unit, and dimensions are checked
//! when the formula is read. It becomes a postfix program: evaluation has no recursion.

use super::units::{self, Dimension, LENGTH, NONE};

const LONGEST: usize = 4096;
const DEEPEST: usize = 64;

/// A formula that was read and whose dimensions fit.
#[derive(Clone, Debug)]
pub struct Formula {
    program: Vec<Step>,
    /// Dimension of the result.
    pub dimension: Dimension,
}

/// Why a text is no formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaError {
    /// Position of the first offending character.
    pub at: usize,
    /// What is wrong.
    pub message: String,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Number(f64),
    /// A coordinate.
    Variable(usize),
    One(fn(f64) -> f64),
    Two(fn(f64, f64) -> f64),
}

const FUNCTIONS: &[(&str, usize)] = &[
    ("sin", 1),
    ("cos", 1),
    ("tan", 1),
    ("tanh", 1),
    ("exp", 1),
    ("log", 1),
    ("sqrt", 1),
    ("abs", 1),
    ("min", 2),
    ("max", 2),
    ("pow", 2),
];

impl Formula {
    /// Reads a formula in these coordinates.
    pub fn parse(text: &str, axes: &[&str]) -> Result<Formula, FormulaError> {
        if text.len() > LONGEST {
            return Err(FormulaError { at: 0, message: "is longer than 4096 characters".into() });
        }
        let chars: Vec<char> = text.chars().collect();
        let mut p = Parser { chars: &chars, axes, at: 0, program: Vec::new() };
        let dimension = p.sum(0)?;
        p.space();
        if p.at < chars.len() {
            return p.fail(format!("unexpected `{}`", chars[p.at]));
        }
        Ok(Formula { program: p.program, dimension })
    }

    /// Value at a point (m), SI.
    pub fn at(&self, point: [f64; 3]) -> f64 {
        value(&self.program, point)
    }
}

/// What a program leaves.
fn value(program: &[Step], variables: [f64; 3]) -> f64 {
    let mut stack: Vec<f64> = Vec::with_capacity(16);
    for step in program {
        match *step {
            Step::Number(v) => stack.push(v),
            Step::Variable(i) => stack.push(variables[i]),
            Step::One(f) => {
                if let Some(v) = stack.last_mut() {
                    *v = f(*v);
                }
            }
            Step::Two(f) => {
                let b = stack.pop().unwrap_or(f64::NAN);
                if let Some(a) = stack.last_mut() {
                    *a = f(*a, b);
                }
            }
        }
    }
    stack.pop().unwrap_or(f64::NAN)
}

struct Parser<'a> {
    chars: &'a [char],
    axes: &'a [&'a str],
    at: usize,
    program: Vec<Step>,
}

type Parsed = Result<Dimension, FormulaError>;

impl Parser<'_> {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, FormulaError> {
        Err(FormulaError { at: self.at, message: message.into() })
    }
    fn space(&mut self) {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }
    fn peek(&mut self) -> Option<char> {
        self.space();
        self.chars.get(self.at).copied()
    }
    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self, depth: usize) -> Parsed {
        if depth > DEEPEST {
            return self.fail("is nested more than 64 deep");
        }
        let left = self.product(depth)?;
        loop {
            let operator: fn(f64, f64) -> f64 = match self.peek() {
                Some('+') => |a, b| a + b,
                Some('-' | '−') => |a, b| a - b,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.product(depth)?;
            self.same(left, right, "a sum")?;
            self.program.push(Step::Two(operator));
        }
    }

    fn product(&mut self, depth: usize) -> Parsed {
        let mut left = self.signed(depth)?;
        loop {
            let (operator, sign): (fn(f64, f64) -> f64, i8) = match self.peek() {
                Some('*' | '·') => (|a, b| a * b, 1),
                Some('/') => (|a, b| a / b, -1),
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.signed(depth)?;
            left = match left.times(right, sign) {
                Some(d) => d,
                None => return self.fail("the dimension is out of range"),
            };
            self.program.push(Step::Two(operator));
        }
    }

    fn signed(&mut self, depth: usize) -> Parsed {
        if self.take('-') || self.take('−') {
            if depth >= DEEPEST {
                return self.fail("is nested more than 64 deep");
            }
            let d = self.signed(depth + 1)?;
            self.program.push(Step::One(|v| -v));
            return Ok(d);
        }
        let base = self.atom(depth)?;
        if self.take('^') {
            return self.power(base, depth);
        }
        Ok(base)
    }

    /// The exponent behind `^`, or the second argument of `pow`.
    fn power(&mut self, base: Dimension, depth: usize) -> Parsed {
        let begin = self.program.len();
        let exponent = if depth < DEEPEST { self.signed(depth + 1)? } else { self.sum(depth + 1)? };
        self.raised(base, exponent, begin)
    }

    fn raised(&mut self, base: Dimension, exponent: Dimension, begin: usize) -> Parsed {
        if exponent != NONE {
            return self.fail(format!(
                "an exponent has no dimension, this one has {}",
                units::words(exponent)
            ));
        }
        let exponent = &self.program[begin..];
        let varies = exponent.iter().any(|step| matches!(step, Step::Variable(_)));
        let constant = (!varies).then(|| value(exponent, [0.0; 3]));
        self.program.push(Step::Two(f64::powf));
        if base == NONE {
            return Ok(NONE);
        }
        let whole = constant.filter(|v| v.fract() == 0.0 && v.abs() <= 9.0);
        match whole.and_then(|v| NONE.times(base, v as i8)) {
            Some(d) => Ok(d),
            None => self.fail("a value with a dimension takes a whole number as exponent"),
        }
    }

    fn atom(&mut self, depth: usize) -> Parsed {
        match self.peek() {
            None => self.fail("ends where a value is expected"),
            Some('(') => {
                self.at += 1;
                let d = self.sum(depth + 1)?;
                self.close()?;
                Ok(d)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.literal(),
            Some(c) if c.is_alphabetic() || c == '%' => self.word(depth),
            Some(c) => self.fail(format!("unexpected `{c}`")),
        }
    }

    fn close(&mut self) -> Result<(), FormulaError> {
        if self.take(')') { Ok(()) } else { self.fail("a bracket is not closed") }
    }

    /// A number, with a unit when a unit's name follows.
    fn literal(&mut self) -> Parsed {
        let start = self.at;
        let mut end = start;
        while let Some(c) = self.chars.get(end) {
            let sign = matches!(c, '+' | '-')
                && matches!(self.chars.get(end.wrapping_sub(1)), Some('e' | 'E'))
                && end > start;
            let exponent = matches!(c, 'e' | 'E')
                && self.chars.get(end + 1).is_some_and(|n| n.is_ascii_digit() || "+-".contains(*n));
            if !(c.is_ascii_digit() || *c == '.' || exponent || sign) {
                break;
            }
            end += 1;
        }
        let text: String = self.chars[start..end].iter().collect();
        let value = match text.parse::<f64>() {
            Ok(v) if v.is_finite() => v,
            _ => return self.fail(format!("`{text}` is not a finite number")),
        };
        self.at = end;
        self.program.push(Step::Number(value));
        let mark = self.at;
        let name = self.name();
        match units::named(&name) {
            Some(u) if !(name == "min" && self.peek() == Some('(')) => {
                self.program.push(Step::Number(u.value));
                let d = if self.take('^') {
                    self.power(u.dimension, DEEPEST - 1)?
                } else {
                    u.dimension
                };
                self.program.push(Step::Two(|a, b| a * b));
                Ok(d)
            }
            _ if name.is_empty() => Ok(NONE),
            _ => {
                self.at = mark;
                self.fail(format!("unknown unit `{name}` (a product needs `*`)"))
            }
        }
    }

    fn name(&mut self) -> String {
        self.space();
        let start = self.at;
        while self.chars.get(self.at).is_some_and(|c| c.is_alphanumeric() || *c == '%') {
            self.at += 1;
        }
        let name: String = self.chars[start..self.at].iter().collect();
        name.replace(['µ', 'μ'], "u")
    }

    fn word(&mut self, depth: usize) -> Parsed {
        let start = self.at;
        let name = self.name();
        if let Some(&(_, arguments)) = FUNCTIONS.iter().find(|f| f.0 == name)
            && self.take('(')
        {
            return self.call(&name, arguments, depth);
        }
        if let Some(i) = self.axes.iter().position(|v| *v == name) {
            self.program.push(Step::Variable(i));
            return Ok(LENGTH);
        }
        if name == "pi" {
            self.program.push(Step::Number(std::f64::consts::PI));
            return Ok(NONE);
        }
        if let Some(u) = units::named(&name) {
            self.program.push(Step::Number(u.value));
            return Ok(u.dimension);
        }
        self.at = start;
        if name == "t" {
            let how =
                "a formula is of space only; what changes with time has steps, a ramp or a sine";
            return self.fail(how);
        }
        let known = self.axes.iter().copied().chain(["pi"]);
        let names: Vec<&str> = known.chain(FUNCTIONS.iter().map(|f| f.0)).collect();
        let near = units::nearest(&name, names.iter().copied())
            .map(|n| format!(", did you mean `{n}`?"))
            .unwrap_or_default();
        self.fail(format!("unknown name `{name}`{near} (known: {})", names.join(", ")))
    }

    fn call(&mut self, name: &str, arguments: usize, depth: usize) -> Parsed {
        let first = self.sum(depth + 1)?;
        let begin = self.program.len();
        let mut second = NONE;
        if arguments == 2 {
            if !self.take(',') {
                return self.fail(format!("`{name}` takes two arguments"));
            }
            second = self.sum(depth + 1)?;
        } else if self.peek() == Some(',') {
            return self.fail(format!("`{name}` takes one argument"));
        }
        self.close()?;
        let step = match name {
            "sin" => Step::One(f64::sin),
            "cos" => Step::One(f64::cos),
            "tan" => Step::One(f64::tan),
            "tanh" => Step::One(f64::tanh),
            "exp" => Step::One(f64::exp),
            "log" => Step::One(f64::ln),
            "sqrt" => Step::One(f64::sqrt),
            "abs" => Step::One(f64::abs),
            "min" => Step::Two(f64::min),
            "max" => Step::Two(f64::max),
            _ => return self.raised(first, second, begin),
        };
        self.program.push(step);
        match name {
            "abs" => Ok(first),
            "min" | "max" => self.same(first, second, name).map(|()| first),
            "sqrt" => match root(first) {
                Some(d) => Ok(d),
                None => self.fail(format!("no root of {}", units::words(first))),
            },
            _ if first != NONE => {
                self.fail(format!("`{name}` takes a number, this has {}", units::words(first)))
            }
            _ => Ok(NONE),
        }
    }

    fn same(&self, a: Dimension, b: Dimension, what: &str) -> Result<(), FormulaError> {
        if a == b {
            return Ok(());
        }
        self.fail(format!("{what} of {} and {}", units::words(a), units::words(b)))
    }
}

/// Half of every exponent, where all are even.
fn root(d: Dimension) -> Option<Dimension> {
    let half = |v: i8| (v % 2 == 0).then_some(v / 2);
    Some(Dimension {
        m: half(d.m)?,
        kg: half(d.kg)?,
        s: half(d.s)?,
        mol: half(d.mol)?,
        k: half(d.k)?,
        cells: half(d.cells)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Formula, FormulaError> {
        Formula::parse(text, &["x", "y", "z"])
    }

    fn value(text: &str) -> f64 {
        parse(text).unwrap_or_else(|e| panic!("{text}: {}", e.message)).at([2e-3, 0.0, 0.0])
    }

    #[test]
    fn arithmetic() {
        assert_eq!(value("1 + 2*3"), 7.0);
        assert_eq!(value("-2^2"), -4.0);
        assert_eq!(value("2 - 3 - 4"), -5.0);
        assert_eq!(value("pow(2, -1)"), 0.5);
        assert_eq!(value("max(1, min(5, 3))"), 3.0);
        assert!((value("x/(1 mm)") - 2.0).abs() < 1e-12);
        assert!((value("sqrt(x^2)/(1 mm)") - 2.0).abs() < 1e-12);
        assert!((value("0.5*(1 - tanh((x - 2 mm)/(1 mm)))") - 0.5).abs() < 1e-12);
        assert_eq!(parse("1e6 cells/mL").unwrap().dimension, units::CELL_DENSITY);
        assert_eq!(parse("3 mm^2").unwrap().dimension, units::AREA);
    }

    #[test]
    fn bounds_and_mistakes() {
        let said = |t: &str| parse(t).unwrap_err().message;
        assert!(said("x + 1").contains("a sum of length and no dimension"));
        assert!(said("sin(x)").contains("length"));
        assert!(said("foo(1)").contains("unknown name"));
        assert!(said("t/(1 h)").contains("space only"));
        assert!(said("2 x").contains("unknown unit"));
        assert!(said("(1").contains("not closed"));
        assert!(said("1 +").contains("ends"));
        assert!(said("").contains("ends"));
        assert!(said(&"(".repeat(500)).contains("nested"));
        assert!(said(&"-".repeat(500)).contains("nested"));
        assert!(said(&"1+".repeat(3000)).contains("longer"));
        assert!(said("2^x").contains("exponent"));
        assert!(said("x^0.5").contains("whole"));
        assert!(said("x^sqrt(2)").contains("whole"));
        assert_eq!(parse("x^sqrt(4)").unwrap().dimension, units::AREA);
        assert_eq!(parse("x^-(1 + 1)*x^4").unwrap().dimension, units::AREA);
        parse(&format!("1{}", "+1".repeat(2000))).unwrap();
    }
}
