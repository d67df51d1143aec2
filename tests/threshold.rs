//! Otsu's thresholds beside those of scikit-image 0.26.0 (tests/fixtures/otsu/make.py).

use blastema::geometry::image::{Grey, Image, Meaning};
use blastema::geometry::threshold::{Histogram, range, structure};
use blastema::ground::par::with_threads;

const N: usize = 20_000;

/// Three materials with noise, as the script makes them: grey value and more bits.
fn pairs() -> Vec<(u8, u16)> {
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 33
    };
    let mut grey = || {
        let middle = match random() % 10 {
            0..5 => 60,
            5..8 => 120,
            _ => 200,
        };
        ((middle + random() % 41 + random() % 41 - 40) as u8, (random() % 31) as u16)
    };
    (0..N).map(|_| grey()).collect()
}

fn image(grey: Grey) -> Image {
    Image { n: [50, 40, 10], grey, voxel: None, meaning: Meaning::Grey }
}

fn eight() -> Image {
    image(Grey::U8(pairs().iter().map(|p| p.0).collect()))
}

#[test]
fn eight_bits() {
    let image = eight();
    let Grey::U8(grey) = &image.grey else { panic!() };
    // The same data as the script has.
    assert_eq!(grey.iter().map(|g| u64::from(*g)).sum::<u64>(), 2_127_995);
    let histogram = Histogram::of(&image);
    assert_eq!(histogram.otsu(), Some(126.0));
    assert_eq!(histogram.otsu_two(), Some([88.0, 159.0]));
}

/// Whole numbers: the largest below the upper end of the class that scikit-image names.
#[test]
fn sixteen_bits() {
    let grey: Vec<u16> = pairs().iter().map(|p| 31 * u16::from(p.0) + p.1).collect();
    assert_eq!(grey.iter().map(|g| u64::from(*g)).sum::<u64>(), 66_268_844);
    let image = image(Grey::U16(grey));
    assert_eq!(range(&image), (620.0, 7451.0));
    let histogram = Histogram::of(&image);
    assert_eq!(histogram.otsu(), Some(3928.0));
    assert_eq!(histogram.otsu_two(), Some([2781.0, 4969.0]));
}

#[test]
fn decimals() {
    let image = image(Grey::F32(pairs().iter().map(|p| f32::from(p.0) / 7.0).collect()));
    let close = |is: f64, due: f64| assert!((is / due - 1.0).abs() < 1e-12, "{is}, not {due}");
    let histogram = Histogram::of(&image);
    close(histogram.otsu().unwrap(), 17.957588797435164);
    let [low, high] = histogram.otsu_two().unwrap();
    close(low, 12.67857113480568);
    close(high, 22.745535049587488);
}

/// Half of the voxels are dark by construction, three tenths grey, two tenths bright; noise of
/// ±40 carries few over thresholds 32 to 39 away from the means.
#[test]
fn structure_of_three_phases() {
    let image = eight();
    let [low, high] = Histogram::of(&image).otsu_two().unwrap();
    let s = structure(&image, [1e-6, 2e-6, 3e-6], &[low, high], false);
    assert_eq!((s.n, s.h, s.phases()), ([50, 40, 10], [1e-6, 2e-6, 3e-6], 3));
    assert!((s.porosity() - 0.5).abs() < 0.02, "{}", s.porosity());
    let bright = structure(&image, [1e-6; 3], &[low, high], true);
    assert!((bright.porosity() - 0.2).abs() < 0.02, "{}", bright.porosity());
    assert!(s.phase.iter().zip(&bright.phase).all(|(a, b)| a + b == 2));
}

#[test]
fn the_same_for_any_number_of_threads() {
    // Above the size from which threads are used.
    let grey: Vec<u8> = pairs().iter().map(|p| p.0).cycle().take(4 * N).collect();
    let image =
        Image { n: [50, 40, 40], grey: Grey::U8(grey), voxel: None, meaning: Meaning::Grey };
    let work = || (Histogram::of(&image), structure(&image, [1e-6; 3], &[100.0], false));
    assert_eq!(with_threads(1, work), with_threads(3, work));
}
