//! Figures as SVG: the only place that knows how they are drawn.
//!
//! A [`Figure`] is one or more charts with a common legend. Lines are told apart in three ways at once, by colour, dashes and
//! markers, so that they can be on paper, by colour-blind people, and where one lies over another.

mod axis;
mod chart;
mod figure;
mod style;

pub(crate) use axis::{Axis, Scale};
pub(crate) use chart::{Chart, Line, Shape};
pub(crate) use figure::Figure;
