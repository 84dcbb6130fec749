//! One or more charts with a legend, as a file.

use super::chart::{Area, Chart, MARKER, TEXT, mark, stroke};
use super::style::Style;
use crate::failure::Failure;
use plotters::prelude::*;
use rarefy::formats::atomic_write;
use rarefy::train::TrainError;
use std::path::Path;

/// Charts in rows, and what their lines are called.
pub(crate) struct Figure<'a> {
    /// Stands above charts that have titles of their own.
    pub(crate) title: String,
    pub(crate) charts: Vec<Chart<'a>>,
    /// Charts of a row.
    pub(crate) columns: usize,
    /// Extent of a chart; names on its axis make it wider and higher.
    pub(crate) size: (u32, u32),
    /// Numbers of lines and what they are called.
    pub(crate) names: Vec<(usize, String)>,
}

/// Least and most pixels for the names, and what a letter takes.
const NAMES: (u32, u32) = (100, 440);
const LETTER: u32 = 7;
/// What comes before a name.
const SAMPLE: i32 = 44;
/// Height of a line of the legend, and where the first one stands.
const ROW: i32 = 19;
const TOP: i32 = 40;
/// Height of the title.
const HEAD: i32 = 30;

impl Figure<'_> {
    /// Writes the figure; a file of the name stays whole until the new one is.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| Failure::system(format!("{}: {error}", path.display())))?;
        Ok(atomic_write(path, |file| file.write_all(svg.as_bytes())).map_err(TrainError::from)?)
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let hanging = self.charts.iter().map(Chart::hanging).max().unwrap_or(0);
        let (width, height) = (self.size.0, self.size.1.saturating_add(hanging));
        let columns = self.columns.clamp(1, self.charts.len().max(1)) as u32;
        let rows = (self.charts.len() as u32).div_ceil(columns);
        let longest = self.names.iter().map(|(_, name)| name.chars().count() as u32).max().unwrap_or(0);
        let legend = match self.names.is_empty() {
            true => 0,
            false => longest.saturating_mul(LETTER).saturating_add(SAMPLE as u32 + 8).clamp(NAMES.0, NAMES.1),
        };
        let below = (TOP as u32).saturating_add((ROW as u32).saturating_mul(self.names.len() as u32));
        let head = if self.title.is_empty() { 0 } else { HEAD as u32 };
        let charts = (width.saturating_mul(columns), height.saturating_mul(rows).saturating_add(head));
        let size = (charts.0.saturating_add(legend), charts.1.max(below.saturating_add(head)));
        let all = SVGBackend::with_string(svg, size).into_drawing_area();
        all.fill(&WHITE)?;
        if head > 0 {
            let style = TextStyle::from(("sans-serif", 18).into_font());
            all.draw_text(&self.title, &style, (14, 10))?;
        }
        for (chart, at) in self.charts.iter().zip(0u32..) {
            let place = ((at % columns * width) as i32, (head + at / columns * height) as i32);
            chart.draw(&all.clone().shrink(place, (width, height)))?;
        }
        let place = (charts.0 as i32, head as i32);
        self.legend(&all.clone().shrink(place, (legend, size.1 - head)))?;
        all.present()?;
        Ok(())
    }

    fn legend(&self, area: &Area<'_>) -> Result<(), Box<dyn std::error::Error>> {
        let letters = ((NAMES.1 - SAMPLE as u32) / LETTER) as usize;
        for ((index, name), row) in self.names.iter().zip(0..) {
            let (style, y) = (Style::of(*index), TOP + ROW * row);
            let middle = y + ROW / 3;
            stroke(area, &[(0, middle), (SAMPLE - 10, middle)], &style)?;
            mark(area, ((SAMPLE - 10) / 2, middle), &style, MARKER)?;
            let text = shortened(name, letters);
            area.draw(&Text::new(text, (SAMPLE, y), ("sans-serif", TEXT)))?;
        }
        Ok(())
    }
}

/// The name, or its ends if it is longer than `most` letters.
fn shortened(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_owned();
    }
    let (head, tail) = (most / 2, most - most / 2 - 1);
    let ends = [&letters[..head], &['…'], &letters[letters.len() - tail..]];
    ends.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shortened("run", 5), "run");
        assert_eq!(shortened("first-middle-last", 9), "firs…last");
    }
}
