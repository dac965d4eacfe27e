//! The waveform of a take as a picture: the lowest and highest sample in each of 512 columns. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The value of full scale in a column.
const FULL_SCALE: f32 = 127.0;

/// The lowest and the highest sample of each column, over all channels; full scale is 127. A take of fewer frames has
/// equal columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// [`Overview::COLUMNS`] columns, each as (lowest, highest).
    pub columns: Vec<(i8, i8)>,
}

impl Overview {
    /// The number of columns.
    pub const COLUMNS: usize = 512;
}

/// An overview under construction.
#[derive(Debug)]
pub(super) struct Columns {
    frames: u64,
    /// `None` if no frame begins in the column.
    columns: Vec<Option<(f32, f32)>>,
}

impl Columns {
    /// For a take of this many frames.
    pub(super) fn new(frames: u64) -> Columns {
        Columns { frames: frames.max(1), columns: vec![None; Overview::COLUMNS] }
    }

    /// The column of a frame, and the first frame after it.
    pub(super) fn at(&self, frame: u64) -> (usize, u64) {
        let columns = Overview::COLUMNS as u128;
        let column = (u128::from(frame) * columns / u128::from(self.frames)).min(columns - 1);
        // Frames past the given length belong to the last column.
        let end = if column == columns - 1 {
            u64::MAX
        } else {
            ((column + 1) * u128::from(self.frames)).div_ceil(columns) as u64
        };
        (column as usize, end)
    }

    pub(super) fn add(&mut self, column: usize, low: f32, high: f32) {
        if let Some(there) = self.columns.get_mut(column) {
            let (lowest, highest) = there.unwrap_or((low, high));
            *there = Some((lowest.min(low), highest.max(high)));
        }
    }

    pub(super) fn overview(&self) -> Overview {
        let mut last = (0.0, 0.0);
        let columns = self.columns.iter().map(|column| {
            last = column.unwrap_or(last);
            (whole(last.0), whole(last.1))
        });
        Overview { columns: columns.collect() }
    }
}

fn whole(sample: f32) -> i8 {
    (sample * FULL_SCALE).round().clamp(-FULL_SCALE, FULL_SCALE) as i8
}
