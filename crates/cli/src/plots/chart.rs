//! One chart: axes and lines.

use super::axis::{Axis, Placed, Scale};
use super::style::{Marker, Style};
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A line of a chart.
pub(crate) struct Line {
    /// Which one: lines of one number look alike in all charts of a figure.
    pub(crate) index: usize,
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) shape: Shape,
}

/// How points are shown.
pub(crate) enum Shape {
    /// Connected; some have a marker.
    Curve,
    /// Connected; each has a marker of a size of its own, in pixels.
    Sized(Vec<u32>),
    /// Connected; each has a marker.
    Marked,
    /// Steps: the outline of bars.
    Steps,
}

/// What a chart shows.
pub(crate) struct Chart<'a> {
    pub(crate) title: String,
    pub(crate) x: Axis<'a>,
    pub(crate) y: Axis<'a>,
    pub(crate) lines: Vec<Line>,
    /// Draws the line of equal numbers.
    pub(crate) diagonal: bool,
}

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Font sizes.
pub(super) const TITLE: u32 = 16;
pub(super) const TEXT: u32 = 13;
const LABEL: u32 = 15;
const NAME: u32 = 12;
/// Room for the title.
const HEAD: u32 = 36;
/// Room for numbers and label beside an axis.
const X_ROOM: u32 = 44;
const Y_ROOM: u32 = 62;
/// Most markers on a curve.
const MARKERS: usize = 8;
/// Half the extent of a marker.
pub(super) const MARKER: i32 = 4;

impl Chart<'_> {
    /// Room that names under the axis take.
    pub(super) fn hanging(&self) -> u32 {
        let letters = |names: &[String]| names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        match self.x.scale {
            Scale::Names(names) => (6 * letters(names) as u32).min(300),
            _ => 0,
        }
    }

    pub(super) fn draw(&self, area: &Area<'_>) -> Drawn {
        let numbers = |of: fn(&(f64, f64)) -> f64| self.lines.iter().flat_map(|line| &line.points).map(of);
        let (x, y) =
            (Placed::fit(self.x.scale, numbers(|p| p.0)), Placed::fit(self.y.scale, numbers(|p| p.1)));
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .margin_top(HEAD)
            .margin_right(18)
            .x_label_area_size(X_ROOM + self.hanging())
            .y_label_area_size(Y_ROOM)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .x_desc(self.x.label)
            .y_desc(self.y.label)
            .label_style(("sans-serif", TEXT))
            .axis_desc_style(("sans-serif", LABEL))
            .bold_line_style(BLACK.mix(0.12))
            .draw()?;
        let root = area.strip_coord_spec();
        let (left, top) = root.get_base_pixel();
        let pixel = |point: &(f64, f64)| {
            let (x, y) = chart.backend_coord(point);
            (x - left, y - top)
        };
        let title = TextStyle::from(("sans-serif", TITLE).into_font()).pos(Pos::new(HPos::Center, VPos::Top));
        let middle = (pixel(&(f64::NEG_INFINITY, 0.0)).0 + pixel(&(f64::INFINITY, 0.0)).0) / 2;
        root.draw_text(&self.title, &title, (middle, 10))?;
        if let Scale::Names(names) = self.x.scale {
            // A mesh would centre long names on the axis: here they hang from it.
            let style = TextStyle::from(("sans-serif", NAME).into_font())
                .transform(FontTransform::Rotate90)
                .pos(Pos::new(HPos::Left, VPos::Center));
            for (at, name) in names.iter().enumerate() {
                let (x, bottom) = pixel(&(at as f64, f64::NEG_INFINITY));
                root.draw_text(name, &style, (x, bottom + 6))?;
            }
        }
        if self.diagonal {
            root.draw(&PathElement::new([pixel(&(0.0, 0.0)), pixel(&(1.0, 1.0))], BLACK.mix(0.3)))?;
        }
        // Solid lines first: dashes leave room for what is under them.
        let solid = |line: &&Line| Style::of(line.index).dashes.is_none();
        let (below, above): (Vec<&Line>, Vec<&Line>) = self.lines.iter().partition(solid);
        for line in below.into_iter().chain(above) {
            let finite = line.points.iter().filter(|point| point.0.is_finite() && point.1.is_finite());
            let pixels: Vec<(i32, i32)> = finite.map(pixel).collect();
            draw_line(&root, &pixels, line.index, &line.shape)?;
        }
        Ok(())
    }
}

fn draw_line(area: &Area<'_>, pixels: &[(i32, i32)], index: usize, shape: &Shape) -> Drawn {
    let style = Style::of(index);
    stroke(area, pixels, &style)?;
    match shape {
        Shape::Steps => Ok(()),
        Shape::Marked => pixels.iter().try_for_each(|&at| mark(area, at, &style, MARKER)),
        Shape::Sized(sizes) => {
            pixels.iter().zip(sizes).try_for_each(|(&at, &size)| mark(area, at, &style, size as i32))
        }
        Shape::Curve => {
            // At other places than those of the lines before and after it.
            let every = pixels.len().div_ceil(MARKERS).max(1);
            let first = index * every / MARKERS % every;
            pixels.iter().skip(first).step_by(every).try_for_each(|&at| mark(area, at, &style, MARKER))
        }
    }
}

/// Draws a line through these pixels.
pub(super) fn stroke(area: &Area<'_>, pixels: &[(i32, i32)], style: &Style) -> Drawn {
    let stroke = style.colour.stroke_width(style.width);
    match style.dashes {
        None => area.draw(&PathElement::new(pixels.to_vec(), stroke))?,
        Some((drawn, left_out)) => {
            area.draw(&DashedPathElement::new(pixels.to_vec(), drawn, left_out, stroke))?;
        }
    }
    Ok(())
}

/// Draws a marker, `size` pixels from its middle to its edge.
pub(super) fn mark(area: &Area<'_>, (x, y): (i32, i32), style: &Style, size: i32) -> Drawn {
    let fill = style.colour.filled();
    let shape = |points: &[(i32, i32)]| {
        let corners =
            points.iter().map(|(dx, dy)| (x + dx * size / 4, y + dy * size / 4)).collect::<Vec<_>>();
        area.draw(&Polygon::new(corners, fill))
    };
    match style.marker {
        Marker::Circle => area.draw(&Circle::new((x, y), size, fill))?,
        Marker::Square => shape(&[(-4, -4), (4, -4), (4, 4), (-4, 4)])?,
        Marker::Triangle => shape(&[(0, -5), (5, 4), (-5, 4)])?,
        Marker::Diamond => shape(&[(0, -6), (5, 0), (0, 6), (-5, 0)])?,
        Marker::Cross => area.draw(&Cross::new((x, y), size, style.colour.stroke_width(2)))?,
    }
    Ok(())
}
