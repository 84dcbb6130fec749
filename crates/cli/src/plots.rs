//! Charts as SVG: the only place that knows how they are drawn.

use crate::failure::Failure;
use plotters::prelude::*;
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
    /// Axes from 0 to 1 with the diagonal; else as far as the points go.
    pub(crate) shares: bool,
}

const SIZE: (u32, u32) = (640, 480);

impl Chart<'_> {
    /// Writes the chart.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| Failure::system(format!("{}: {error}", path.display())))?;
        std::fs::write(path, svg).map_err(|error| Failure::system(format!("{}: {error}", path.display())))
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (x, y) = match self.shares {
            true => (0.0..1.0, 0.0..1.0),
            false => (self.range(|point| point.0), self.range(|point| point.1)),
        };
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d(x, y)?;
        chart.configure_mesh().x_desc(self.x).y_desc(self.y).light_line_style(WHITE).draw()?;
        if self.shares {
            chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.3)))?;
        }
        for (index, line) in self.lines.iter().enumerate() {
            let colour = Palette99::pick(index).to_rgba();
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)))?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        root.present()?;
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
