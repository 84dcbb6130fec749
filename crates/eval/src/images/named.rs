//! The test split of a data set that networks are trained on.

use super::{Images, Request, fit};
use crate::error::EvalError;
use crate::stream::Pixels;
use rarefy_core::{Extent, memory};
use rarefy_data::{Dataset, Options, Split};
use std::path::Path;
use std::sync::Arc;

struct Named {
    dataset: Arc<dyn Dataset>,
    next: u32,
}

pub(super) fn open(name: &str, request: &Request<'_>) -> Result<Box<dyn Images>, EvalError> {
    let options = Options { data_dir: request.data_dir.map(Path::to_owned), ..Options::default() };
    Ok(Box::new(Named { dataset: rarefy_data::open(name, &options)?, next: 0 }))
}

impl Images for Named {
    fn name(&self) -> String {
        self.dataset.name().to_owned()
    }

    fn len(&self) -> usize {
        self.dataset.len(Split::Test)
    }

    fn next(&mut self, extent: Extent, most: usize, pixels: &mut Vec<f32>) -> Result<usize, EvalError> {
        let restore = Pixels::of(self.dataset.as_ref());
        let mut image = memory::zeros(self.dataset.extent().len(), "an image")?;
        let end = (self.next as usize + most).min(self.len()) as u32;
        let first = self.next;
        while self.next < end {
            self.dataset.sample(Split::Test, self.next, None, &mut image)?;
            fit(&restore.restore(&image)?, self.dataset.extent(), extent, pixels)?;
            self.next += 1;
        }
        Ok((end - first) as usize)
    }
}
