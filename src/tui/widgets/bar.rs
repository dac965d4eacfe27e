//! Horizontal bars with a resolution of an eighth of a cell. Pure: into a row of characters.

const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The contents of a cell of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Not filled.
    Empty,
    /// The bar's end, or a whole cell of it.
    Filled(char),
}

/// A bar from the left end, filled to `share` (0..=1) of `cells`.
pub fn from_left(share: f64, cells: usize) -> impl Iterator<Item = Cell> {
    let eighths = (share.clamp(0.0, 1.0) * cells as f64 * 8.0).round() as usize;
    (0..cells).map(move |at| match eighths.saturating_sub(at * 8) {
        0 => Cell::Empty,
        part @ 1..8 => Cell::Filled(EIGHTHS[part]),
        _ => Cell::Filled('█'),
    })
}

/// A bar from the middle towards `share` (0..=1) of `cells`, in half cells; the middle itself is `┃`.
pub fn from_middle(share: f64, cells: usize) -> impl Iterator<Item = Cell> {
    let middle = cells / 2;
    let halves = ((share.clamp(0.0, 1.0) - 0.5) * 2.0 * (middle * 2) as f64).round() as isize;
    (0..cells).map(move |at| {
        let reach = halves.unsigned_abs();
        // Half cells between the middle and the near edge of this cell.
        let near = at.abs_diff(middle).saturating_sub(1) * 2;
        let on_side = if halves < 0 { at < middle } else { at > middle };
        match at == middle {
            true => Cell::Filled('┃'),
            false if !on_side || reach <= near => Cell::Empty,
            false if reach == near + 1 => Cell::Filled(if halves < 0 { '▐' } else { '▌' }),
            false => Cell::Filled('█'),
        }
    })
}

/// The cell that `share` (0..=1) of a bar from the left end reaches.
pub fn reach(share: f64, cells: usize) -> usize {
    ((share.clamp(0.0, 1.0) * cells as f64) as usize).min(cells.saturating_sub(1))
}

/// The cell that `share` (0..=1) of a bar from the middle reaches.
pub fn reach_from_middle(share: f64, cells: usize) -> usize {
    let middle = cells / 2;
    let away = ((share.clamp(0.0, 1.0) - 0.5) * 2.0 * middle as f64).round() as isize;
    middle.saturating_add_signed(away).min(cells.saturating_sub(1))
}

/// A position on a line: one of `count` stops over `cells`.
pub fn stop(at: usize, count: usize, cells: usize) -> usize {
    let last = count.saturating_sub(1).max(1);
    (at.min(last) * cells.saturating_sub(1) + last / 2) / last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cells: impl Iterator<Item = Cell>) -> String {
        cells.map(|cell| if let Cell::Filled(c) = cell { c } else { '·' }).collect()
    }

    #[test]
    fn a_bar_grows_by_eighths() {
        assert_eq!(text(from_left(0.0, 4)), "····");
        assert_eq!(text(from_left(1.0 / 32.0, 4)), "▏···");
        assert_eq!(text(from_left(0.5, 4)), "██··");
        assert_eq!(text(from_left(2.0, 4)), "████");
        assert_eq!(text(from_left(f64::NAN, 4)), "····");
    }

    #[test]
    fn a_centred_bar_grows_from_the_middle_both_ways() {
        assert_eq!(text(from_middle(0.5, 9)), "····┃····");
        assert_eq!(text(from_middle(0.0, 9)), "████┃····");
        assert_eq!(text(from_middle(1.0, 9)), "····┃████");
        assert_eq!(text(from_middle(0.5 + 3.0 / 16.0, 9)), "····┃█▌··");
        assert_eq!(text(from_middle(0.5 - 1.0 / 16.0, 9)), "···▐┃····");
    }

    #[test]
    fn a_reach_is_a_cell_of_its_bar() {
        let places =
            |reach: fn(f64, usize) -> usize, cells| [0.0, 0.25, 0.5, 0.99, 1.0].map(|share| reach(share, cells));
        assert_eq!(places(reach, 8), [0, 2, 4, 7, 7]);
        assert_eq!(places(reach_from_middle, 9), [0, 2, 4, 8, 8]);
        assert_eq!(places(reach_from_middle, 8), [0, 2, 4, 7, 7]);
        for cells in 0..3 {
            for share in [-1.0, 0.0, 0.5, 2.0, f64::NAN] {
                let last = cells.max(1);
                assert!(reach(share, cells) < last && reach_from_middle(share, cells) < last, "{share} of {cells}");
            }
        }
    }

    #[test]
    fn stops_reach_both_ends() {
        assert_eq!((stop(0, 11, 6), stop(10, 11, 6)), (0, 5));
        assert_eq!(stop(0, 1, 6), 0);
        assert_eq!(stop(3, 0, 0), 0);
    }
}
