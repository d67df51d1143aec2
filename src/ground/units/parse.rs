//! Reading a quantity.

use super::{Dimension, NONE, Quantity, TEMPERATURE, UnitError, named, near_unit};

/// Reads a number with its unit.
pub fn parse(text: &str) -> Result<Quantity, UnitError> {
    if text.len() > 200 {
        return Err(UnitError::TooLong);
    }
    let text = normal(text);
    let text = text.trim();
    if text.is_empty() {
        return Err(UnitError::Empty);
    }
    let length = number_length(text);
    if length == 0 {
        let word = text.split_whitespace().next().unwrap_or(text);
        let bare = word.trim_start_matches(['+', '-']).to_ascii_lowercase();
        return Err(match bare.as_str() {
            "nan" | "inf" | "infinity" => UnitError::NotFinite(word.into()),
            _ => UnitError::NotANumber(text.into()),
        });
    }
    let (digits, rest) = text.split_at(length);
    if let Some(after) = rest.strip_prefix(',') {
        return Err(UnitError::DecimalComma(without_comma(digits, after)));
    }
    if let Some(joined) = grouped(digits, rest) {
        return Err(UnitError::SpacedNumber(joined));
    }
    let (value, rest) = match powered(rest) {
        Some((power, rest)) if !digits.contains(['e', 'E']) => {
            (finite(&format!("{digits}e{power}"))?, rest)
        }
        _ => (finite(digits)?, rest),
    };
    let rest = rest.trim_start();
    let scaled = |u: Quantity| {
        let result = value * u.value;
        if !result.is_finite() || (result == 0.0 && value != 0.0) {
            return Err(UnitError::NotFinite(text.into()));
        }
        Ok(Quantity { value: result, dimension: u.dimension })
    };
    match rest {
        "" => Ok(Quantity { value, dimension: NONE }),
        "degC" => Ok(Quantity { value: value + 273.15, dimension: TEMPERATURE }),
        _ => scaled(unit(rest)?),
    }
}

/// What `digits`,`after` probably means: of several marks, those that part thousands are left out; one
/// before three digits may be either.
fn without_comma(digits: &str, after: &str) -> String {
    let end =
        after.find(|c: char| !c.is_ascii_digit() && !"., ".contains(c)).unwrap_or(after.len());
    let (tail, unit) = after.split_at(after[..end].trim_end().len());
    let number = format!("{digits},{tail}");
    let marks: Vec<char> = number.chars().filter(|c| ".,".contains(*c)).collect();
    let only = |keep: Option<usize>| {
        let mark = |(i, c): (usize, char)| match c {
            '.' | ',' => (keep == Some(i)).then_some('.'),
            c => Some(c),
        };
        number.char_indices().filter_map(mark).collect::<String>() + unit
    };
    let last = number.rfind(['.', ',']);
    let whole = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    match marks[..] {
        [_] if tail.len() == 3 && whole => {
            format!("{}\" or \"{}", only(last), only(None))
        }
        [_] => only(last),
        [.., before, end] if before != end => only(last),
        _ => only(None),
    }
}

/// The number without the space that parts its thousands: `1 500 um`.
fn grouped(digits: &str, rest: &str) -> Option<String> {
    let group = rest.trim_start();
    let three = group.bytes().take_while(u8::is_ascii_digit).count() == 3;
    let spaced = group.len() < rest.len() && digits.bytes().all(|b| b.is_ascii_digit());
    if !(three && spaced) {
        return None;
    }
    let joined = format!("{digits}{}", &group[..3]);
    let rest = &group[3..];
    Some(grouped(&joined, rest).unwrap_or_else(|| format!("{joined}{rest}")))
}

/// The exponent of a power of ten behind a number, `*10^6`, and what follows.
fn powered(rest: &str) -> Option<(&str, &str)> {
    let power = rest.trim_start().strip_prefix('*')?.trim_start().strip_prefix("10^")?;
    let sign = usize::from(power.starts_with('-'));
    let length = sign + power[sign..].bytes().take_while(u8::is_ascii_digit).count();
    (length > sign).then(|| power.split_at(length))
}

/// Reads a number whose unit must have this dimension.
pub fn parse_as(text: &str, expected: Dimension) -> Result<f64, UnitError> {
    let q = parse(text)?;
    match q.dimension {
        d if d == expected => Ok(q.value),
        NONE if !text.contains('%') => Err(UnitError::Missing(expected)),
        found => Err(UnitError::Dimension { found, expected }),
    }
}

/// Reads a unit without a number: its SI value and dimension.
pub fn unit(text: &str) -> Result<Quantity, UnitError> {
    let text = normal(text);
    let chars: Vec<char> = text.trim().chars().collect();
    let mut reader = Reader { chars: &chars, at: 0 };
    let unit = reader.product(0)?;
    if reader.at < chars.len() {
        return Err(UnitError::Unexpected(reader.rest()));
    }
    Ok(unit)
}

/// Superscripts, micro signs, dots and minus signs in plain characters.
fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut raised = false;
    for c in text.chars() {
        let plain = match c {
            '⁰' => '0',
            '¹' => '1',
            '²' => '2',
            '³' => '3',
            '⁴' => '4',
            '⁵' => '5',
            '⁶' => '6',
            '⁷' => '7',
            '⁸' => '8',
            '⁹' => '9',
            '⁻' => '-',
            _ => c,
        };
        if plain != c {
            if !raised {
                out.push('^');
            }
            raised = true;
            out.push(plain);
            continue;
        }
        raised = false;
        match c {
            'µ' | 'μ' => out.push('u'),
            '−' => out.push('-'),
            '·' | '⋅' | '×' => out.push('*'),
            '°' => out.push_str("deg"),
            '₂' => out.push('2'),
            '\u{a0}' | '\u{202f}' | '\u{2009}' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// Length of the number at the start of a text, 0 without one.
fn number_length(text: &str) -> usize {
    let b = text.as_bytes();
    let digits = |mut i: usize| {
        let start = i;
        while b.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        (i, i - start)
    };
    let (mut i, whole) = digits(usize::from(matches!(b.first(), Some(b'+' | b'-'))));
    let mut fraction = 0;
    if b.get(i) == Some(&b'.') {
        (i, fraction) = digits(i + 1);
    }
    if whole + fraction == 0 {
        return 0;
    }
    if matches!(b.get(i), Some(b'e' | b'E')) {
        let (end, count) = digits(i + 1 + usize::from(matches!(b.get(i + 1), Some(b'+' | b'-'))));
        if count > 0 {
            i = end;
        }
    }
    i
}

/// A number that a double holds.
fn finite(digits: &str) -> Result<f64, UnitError> {
    let value: f64 = digits.parse().map_err(|_| UnitError::NotANumber(digits.into()))?;
    let mantissa = digits.split(['e', 'E']).next().unwrap_or(digits);
    let lost = value == 0.0 && mantissa.bytes().any(|c| (b'1'..=b'9').contains(&c));
    if value.is_finite() && !lost { Ok(value) } else { Err(UnitError::NotFinite(digits.into())) }
}

/// Reads products of units.
struct Reader<'a> {
    chars: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }
    fn rest(&self) -> String {
        self.chars[self.at..].iter().collect::<String>().trim().into()
    }
    /// Skips spaces; true when there was one.
    fn space(&mut self) -> bool {
        let start = self.at;
        while self.peek() == Some(' ') {
            self.at += 1;
        }
        self.at > start
    }

    fn product(&mut self, depth: usize) -> Result<Quantity, UnitError> {
        let mut total = Quantity { value: 1.0, dimension: NONE };
        let mut first = true;
        let mut divided = false;
        loop {
            let spaced = self.space();
            let sign = match self.peek() {
                None | Some(')') if !first => return Ok(total),
                Some('/') => {
                    self.at += 1;
                    -1
                }
                Some('*') if !first => {
                    self.at += 1;
                    1
                }
                Some(_) if first => 1,
                Some(_) if spaced && divided => return Err(UnitError::Ambiguous(self.rest())),
                Some(_) if spaced => 1,
                _ => return Err(UnitError::Unexpected(self.rest())),
            };
            divided = sign < 0;
            self.space();
            let factor = self.factor(first || divided, depth)?;
            total.value *= factor.value.powi(i32::from(sign));
            total.dimension = total
                .dimension
                .times(factor.dimension, sign)
                .ok_or_else(|| UnitError::Unexpected(self.chars.iter().collect()))?;
            first = false;
        }
    }

    fn factor(&mut self, number_allowed: bool, depth: usize) -> Result<Quantity, UnitError> {
        if self.peek() == Some('(') && depth < 4 {
            self.at += 1;
            let inner = self.product(depth + 1)?;
            if self.peek() != Some(')') {
                return Err(UnitError::Unexpected(self.rest()));
            }
            self.at += 1;
            return self.raised(inner);
        }
        if number_allowed && self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return self.counted();
        }
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '%' || c == '_') {
            self.at += 1;
        }
        let name: String = self.chars[start..self.at].iter().collect();
        if name.is_empty() {
            return Err(UnitError::Unexpected(self.rest()));
        }
        let unit =
            named(&name).ok_or_else(|| UnitError::Unknown(name.clone(), near_unit(&name)))?;
        self.raised(unit)
    }

    /// A number in a unit: the 1 of `1/s`, or `1e6 cells` after a division.
    fn counted(&mut self) -> Result<Quantity, UnitError> {
        let text = self.rest();
        let length = number_length(&text);
        let value = finite(&text[..length])?;
        self.at += length;
        let mut number = self.raised(Quantity { value, dimension: NONE })?;
        let mark = self.at;
        self.space();
        match self.peek() {
            Some(c) if c.is_alphabetic() => {
                let unit = self.factor(false, 4)?;
                number.value *= unit.value;
                number.dimension = unit.dimension;
            }
            Some('/') if value == 1.0 => self.at = mark,
            _ => return Err(UnitError::Unexpected(text)),
        }
        Ok(number)
    }

    /// The exponent behind a factor, if there is one.
    fn raised(&mut self, base: Quantity) -> Result<Quantity, UnitError> {
        if self.peek() != Some('^') {
            return Ok(base);
        }
        self.at += 1;
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let text: String = self.chars[start..self.at].iter().collect();
        let exponent = text.parse::<i8>().ok().filter(|e| (-24..=24).contains(e));
        let raised = exponent.and_then(|e| {
            let value = base.value.powi(i32::from(e));
            let dimension = NONE.times(base.dimension, e)?;
            (value.is_finite() && value > 0.0).then_some(Quantity { value, dimension })
        });
        raised.ok_or_else(|| UnitError::Unexpected(format!("^{text}")))
    }
}
