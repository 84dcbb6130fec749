//! Colours, dashes and markers of lines.

use plotters::prelude::RGBColor;

/// Each has a contrast of 3 or more to white, and any two differ by 16 or more (CIELAB 2000) as they are and as people without
/// one kind of cones see them (Machado et al. 2009).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x3a, 0x97, 0xc9),
    RGBColor(0x88, 0x22, 0x55),
    RGBColor(0x11, 0x77, 0x33),
    RGBColor(0xd9, 0x48, 0x8b),
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0x99, 0x99, 0x33),
];
/// Pixels drawn and left out; none is a solid line.
const DASHES: [Option<(u32, u32)>; 4] = [None, Some((9, 5)), Some((3, 4)), Some((18, 5))];
const MARKERS: [Marker; 5] =
    [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Cross, Marker::Diamond];

/// The shape at a line's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Cross,
    Diamond,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) colour: RGBColor,
    pub(super) dashes: Option<(u32, u32)>,
    pub(super) marker: Marker,
    /// Of the line, in pixels. A solid line is wider, so that it shows beside dashes that lie over it.
    pub(super) width: u32,
}

impl Style {
    /// That of the line `index`: the first 60 all differ.
    pub(super) fn of(index: usize) -> Self {
        // Colours and dashes repeat together after 12 lines, with the markers after 60.
        let dashes = DASHES[index % DASHES.len()];
        Self {
            colour: COLOURS[index % COLOURS.len()],
            dashes,
            marker: MARKERS[index % MARKERS.len()],
            width: if dashes.is_none() { 3 } else { 2 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sixty_lines_differ() {
        let styles: Vec<Style> = (0..60).map(Style::of).collect();
        assert_eq!(Style::of(60), Style::of(0));
        for (at, style) in styles.iter().enumerate() {
            assert!(!styles[..at].contains(style), "{at}: {style:?}");
        }
    }

    #[test]
    fn every_colour_can_be_read_on_white() {
        for RGBColor(r, g, b) in COLOURS {
            let linear = |part: u8| {
                let part = f64::from(part) / 255.0;
                if part <= 0.039_28 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            // Relative luminance and contrast of WCAG 2.
            let luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
            let contrast = 1.05 / (luminance + 0.05);
            assert!(contrast >= 3.0, "{r} {g} {b}: {contrast}");
        }
    }
}
