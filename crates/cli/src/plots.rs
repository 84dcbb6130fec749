//! Charts as SVG: the only place that knows how they are drawn.

use crate::failure::Failure;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use rarefy::formats::atomic_write;
use rarefy::train::TrainError;
use std::path::Path;

/// A named line.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// What a chart shows.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    pub(crate) lines: &'a [Line],
    pub(crate) axes: Axes<'a>,
}

/// What the axes stand for.
#[derive(Clone, Copy)]
pub(crate) enum Axes<'a> {
    /// As far as the points go.
    Free,
    /// Both from 0 to 1, with the diagonal.
    Shares,
    /// Across these names, at 0, 1, 2, ...; up from 0 to 1.
    Names(&'a [String]),
}

/// Of the axes with their labels; names of lines stand to the right of them.
const SIZE: (u32, u32) = (640, 480);
/// Least and most pixels for the names, and what a letter takes.
const NAMES: (u32, u32) = (100, 420);
const LETTER: u32 = 7;
/// Font size, and the height of a line of text.
const TEXT: (u32, i32) = (13, 18);
/// Room that a name takes along its axis, and below it.
const NAME: (u32, u32) = (14, 150);
/// Where the first name stands.
const TOP: i32 = 40;

impl Chart<'_> {
    /// Writes the chart; a file of the name stays whole until the new one is.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| Failure::system(format!("{}: {error}", path.display())))?;
        Ok(atomic_write(path, |file| file.write_all(svg.as_bytes())).map_err(TrainError::from)?)
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let longest = self.lines.iter().map(|line| line.name.chars().count() as u32).max().unwrap_or(0);
        let names = (40 + LETTER * longest).clamp(NAMES.0, NAMES.1);
        let below = TOP as u32 + TEXT.1 as u32 * self.lines.len() as u32;
        let (across, hanging) = match self.axes {
            Axes::Names(names) => (names, NAME.1),
            Axes::Free | Axes::Shares => (&[][..], 0),
        };
        let wide = u32::try_from(across.len()).unwrap_or(u32::MAX).saturating_mul(NAME.0);
        let width = SIZE.0.max(wide.saturating_add(120));
        let size = (width.saturating_add(names), (SIZE.1 + hanging).max(below));
        let all = SVGBackend::with_string(svg, size).into_drawing_area();
        all.fill(&WHITE)?;
        let (root, legend) = all.split_horizontally(width);
        let (x, y) = match self.axes {
            Axes::Shares => (0.0..1.0, 0.0..1.0),
            Axes::Free => (self.range(|point| point.0), self.range(|point| point.1)),
            Axes::Names(names) => (-0.5..names.len() as f64 - 0.5, 0.0..1.02),
        };
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(44 + hanging)
            .y_label_area_size(60)
            .build_cartesian_2d(x, y)?;
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(self.x).y_desc(self.y).label_style(("sans-serif", TEXT.0)).light_line_style(WHITE);
        if let Axes::Names(_) = self.axes {
            mesh.x_labels(0);
        }
        mesh.draw()?;
        // A mesh would centre long names on the axis: here they hang from it.
        let style = TextStyle::from(("sans-serif", 12).into_font())
            .transform(FontTransform::Rotate90)
            .pos(Pos::new(HPos::Left, VPos::Center));
        for (at, name) in across.iter().enumerate() {
            let (x, y) = chart.backend_coord(&(at as f64, 0.0));
            root.draw_text(name, &style, (x, y + 6))?;
        }
        if let Axes::Shares = self.axes {
            chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.3)))?;
        }
        for (index, line) in self.lines.iter().enumerate() {
            let colour = Palette99::pick(index).to_rgba();
            let style = colour.stroke_width(2);
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
            if let Axes::Names(_) = self.axes {
                let dot = |&point| Circle::new(point, 2, colour.filled());
                chart.draw_series(line.points.iter().map(dot))?;
            }
            let y = TOP + TEXT.1 * index as i32;
            legend.draw(&PathElement::new([(4, y + TEXT.1 / 3), (20, y + TEXT.1 / 3)], style))?;
            legend.draw(&Text::new(line.name.as_str(), (26, y), ("sans-serif", TEXT.0)))?;
        }
        all.present()?;
        Ok(())
    }

    /// From the least to the most number, never empty.
    fn range(&self, of: impl Fn(&(f64, f64)) -> f64) -> std::ops::Range<f64> {
        let numbers = || self.lines.iter().flat_map(|line| &line.points).map(&of).filter(|x| x.is_finite());
        let (least, most) =
            (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max));
        match (least < most, least.is_finite()) {
            (true, _) => least..most,
            (false, true) => least - 0.5..least + 0.5,
            (false, false) => 0.0..1.0,
        }
    }
}
