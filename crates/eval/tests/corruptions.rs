//! Laws of every corruption.

use rarefy_core::Extent;
use rarefy_eval::corruptions::{REGISTRY, SEVERITIES};

/// Pictures with some edges and slopes. The edges of each lie elsewhere: on the grid of a coarser resolution they would survive.
fn pictures(extent: Extent, count: usize) -> Vec<f32> {
    let number = |at: usize| {
        let image = at / extent.len();
        let (x, y) = (at % extent.width, at / extent.width % extent.height);
        match ((x + 3 * image) / 8 + (y + 5 * image) / 6) % 2 {
            0 => 0.2 + 0.6 * x as f32 / extent.width as f32,
            _ => 0.8,
        }
    };
    (0..count * extent.len()).map(number).collect()
}

const EXTENTS: [Extent; 3] = [
    Extent { channels: 1, height: 8, width: 8 },
    Extent { channels: 3, height: 32, width: 32 },
    Extent { channels: 2, height: 1, width: 5 },
];

#[test]
fn every_corruption_repeats_stays_in_range_and_changes_the_picture() {
    for corruption in REGISTRY {
        for extent in EXTENTS {
            let clean = pictures(extent, 2);
            for severity in 1..=SEVERITIES {
                let corrupted = |first: usize, pixels: &[f32]| {
                    let mut pixels = pixels.to_vec();
                    corruption.apply(&mut pixels, extent, severity, first, 7);
                    pixels
                };
                let both = corrupted(0, &clean);
                assert_eq!(both, corrupted(0, &clean), "{}", corruption.name);
                assert!(both.iter().all(|x| (0.0..=1.0).contains(x)), "{}", corruption.name);
                // An image's corruption follows its number, not its batch.
                assert_eq!(
                    both[extent.len()..],
                    corrupted(1, &clean[extent.len()..])[..],
                    "{}",
                    corruption.name
                );
                // On a few pixels rare noise may hit nothing.
                assert!(extent.width < 32 || both != clean, "{} at {severity}", corruption.name);
            }
        }
    }
}

#[test]
fn a_stronger_severity_changes_more() {
    let extent = Extent { channels: 3, height: 32, width: 32 };
    let clean = pictures(extent, 24);
    for corruption in REGISTRY {
        let distance = |severity: usize| -> f32 {
            let mut pixels = clean.clone();
            corruption.apply(&mut pixels, extent, severity, 0, 3);
            pixels.iter().zip(&clean).map(|(a, b)| (a - b) * (a - b)).sum()
        };
        let all: Vec<f32> = (1..=SEVERITIES).map(distance).collect();
        assert!(all[4] > all[0], "{}: {all:?}", corruption.name);
        assert!(all.windows(2).all(|pair| pair[1] > 0.9 * pair[0]), "{}: {all:?}", corruption.name);
    }
}
