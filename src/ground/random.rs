//! Random numbers that are a function of a counter: the same on every machine, in any order.
//!
//! Philox 4x32-10: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3,
//! SC'11 (2011), doi:10.1145/2063384.2063405.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Philox 4x32 with ten rounds: four words for a counter and a key.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (mut c, mut k) = (counter, key);
    for _ in 0..ROUNDS {
        let [a, b] = [0, 1].map(|i| u64::from(MULTIPLIERS[i]) * u64::from(c[2 * i]));
        c = [(b >> 32) as u32 ^ c[1] ^ k[0], b as u32, (a >> 32) as u32 ^ c[3] ^ k[1], a as u32];
        k = [k[0].wrapping_add(WEYL[0]), k[1].wrapping_add(WEYL[1])];
    }
    c
}

/// A stream of numbers for a seed and a purpose; streams of different purposes are independent.
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    purpose: u64,
    drawn: u64,
}

impl Random {
    /// The stream from its start.
    pub fn new(seed: u64, purpose: u64) -> Random {
        Random { seed, purpose, drawn: 0 }
    }

    /// Block `index` of the stream: the seed is the key, index and purpose the counter.
    pub fn block(&self, index: u64) -> [u32; 4] {
        let words = |x: u64| [x as u32, (x >> 32) as u32];
        let ([a, b], [c, d]) = (words(index), words(self.purpose));
        philox([a, b, c, d], words(self.seed))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let block = self.block(self.drawn);
        self.drawn = self.drawn.wrapping_add(1);
        u64::from(block[0]) | u64::from(block[1]) << 32
    }

    /// A number in [0, 1): a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A unit vector of `D` dimensions without preference: a point of the ball, by rejection from
    /// the cube around it, scaled to the sphere (no trigonometry).
    pub fn direction<const D: usize>(&mut self) -> [f64; D] {
        loop {
            let v: [f64; D] = std::array::from_fn(|_| 2.0 * self.uniform() - 1.0);
            let length2: f64 = v.iter().map(|x| x * x).sum();
            // Near the middle the rounding of the draws would show in the direction.
            if (1e-6..=1.0).contains(&length2) {
                let length = length2.sqrt();
                return v.map(|x| x / length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kat_vectors` of Random123, lines `philox4x32 10`.
    #[test]
    fn philox_gives_the_known_answers() {
        let ones = u32::MAX;
        let pi = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
        for (counter, key, answer) in [
            ([0; 4], [0; 2], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
            ([ones; 4], [ones; 2], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
            (pi, [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]),
        ] {
            assert_eq!(philox(counter, key), answer);
        }
    }

    /// Seed and purpose stand in key and counter as documented: the third known answer again.
    #[test]
    fn a_stream_is_keyed_by_seed_and_purpose() {
        let r = Random::new(0x299f31d0_a4093822, 0x03707344_13198a2e);
        assert_eq!(r.block(0x85a308d3_243f6a88)[0], 0xd16cfe09);
    }

    /// Moments of the uniform distribution and of the components of a direction (mean square 1/D),
    /// within five standard deviations.
    #[test]
    fn moments_are_those_of_the_distributions() {
        const DRAWS: u32 = 100_000;
        let mut r = Random::new(1, 2);
        let draws = f64::from(DRAWS);
        let mean = (0..DRAWS).map(|_| r.uniform()).sum::<f64>() / draws;
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / draws).sqrt(), "{mean}");
        let square = (0..DRAWS).map(|_| r.direction::<3>()[0].powi(2)).sum::<f64>() / draws;
        // Variance of a component's square: 1/5 − 1/9.
        assert!((square - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / draws).sqrt(), "{square}");
        let square = (0..DRAWS).map(|_| r.direction::<2>()[1].powi(2)).sum::<f64>() / draws;
        assert!((square - 0.5).abs() < 5.0 * (1.0 / 8.0 / draws).sqrt(), "{square}");
    }
}
