//! Images without any content (Liang et al., ICLR 2018, section 4.2).

use super::{Images, Kind, Request};
use crate::error::EvalError;
use crate::stream::BATCH;
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Extent, memory};

pub(super) const GAUSSIAN: Kind = Kind {
    name: "gaussian",
    about: "pixels from N(0.5, 1) cut to 0..=1",
    takes_path: false,
    open: |request| Ok(Box::new(Noise::new("gaussian", request, |stream| 0.5 + stream.normal()))),
};

pub(super) const UNIFORM: Kind = Kind {
    name: "uniform",
    about: "pixels uniform in 0..=1",
    takes_path: false,
    open: |request| Ok(Box::new(Noise::new("uniform", request, Stream::uniform))),
};

struct Noise {
    name: &'static str,
    count: usize,
    seed: u64,
    draw: fn(&mut Stream) -> f64,
    next: usize,
}

impl Noise {
    fn new(name: &'static str, request: &Request<'_>, draw: fn(&mut Stream) -> f64) -> Self {
        Self { name, count: request.count, seed: request.seed, draw, next: 0 }
    }
}

impl Images for Noise {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn len(&self) -> usize {
        self.count
    }

    fn next(&mut self, extent: Extent, most: usize, pixels: &mut Vec<f32>) -> Result<usize, EvalError> {
        let count = most.min(self.count - self.next);
        for index in self.next..self.next + count {
            let mut stream = Stream::new(self.seed, Purpose::Outlier, index as u64);
            memory::grow(pixels, extent.len(), BATCH)?;
            pixels.extend((0..extent.len()).map(|_| (self.draw)(&mut stream).clamp(0.0, 1.0) as f32));
        }
        self.next += count;
        Ok(count)
    }
}
