//! Whose turn it is: of the streams that have room for a block, the one whose blocks run out first. Pure. Called by the
//! disk reader before each block.

/// The place of the stream to be filled next: `ahead` says for each stream how many frames of it are read and not yet
/// played, or nothing where it takes no block. The first of several that run out at once; none where all are full.
///
/// Earliest deadline first: all blocks take about as long to read and all streams are played at the same rate, so where any
/// order keeps them all from running dry, this one does.
pub(super) fn next(ahead: impl IntoIterator<Item = Option<u64>>) -> Option<usize> {
    let takes = ahead.into_iter().enumerate().filter_map(|(i, ahead)| Some((ahead?, i)));
    takes.min().map(|(_, i)| i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Frames that are played while a block is read.
    const READ: u64 = 3;
    const BLOCK: u64 = 10;

    /// Whether all streams go on for so many blocks, each of which `choose` picks a stream for.
    fn goes_on(mut ahead: Vec<u64>, blocks: usize, choose: &mut dyn FnMut(&[u64]) -> usize) -> bool {
        (0..blocks).all(|_| {
            let chosen = choose(&ahead);
            let is_enough = ahead.iter().all(|ahead| *ahead >= READ);
            ahead.iter_mut().for_each(|ahead| *ahead = ahead.saturating_sub(READ));
            ahead[chosen] += BLOCK;
            is_enough
        })
    }

    proptest! {
        #[test]
        fn none_has_less_ahead_than_the_one_whose_turn_it_is(
            ahead in prop::collection::vec(prop::option::of(0..1_000_u64), 0..40),
        ) {
            match next(ahead.clone()) {
                None => prop_assert!(ahead.iter().all(Option::is_none)),
                Some(turn) => prop_assert!(ahead.iter().flatten().all(|other| Some(*other) >= ahead[turn])),
            }
        }

        #[test]
        fn where_any_order_keeps_all_streams_going_this_one_does(
            ahead in prop::collection::vec(0..30_u64, 1..4), blocks in 1..6_usize,
        ) {
            let count = ahead.len();
            let any = (0..count.pow(blocks as u32)).any(|mut order| {
                goes_on(ahead.clone(), blocks, &mut |_| {
                    let chosen = order % count;
                    order /= count;
                    chosen
                })
            });
            let this = goes_on(ahead, blocks, &mut |ahead| next(ahead.iter().copied().map(Some)).unwrap());
            prop_assert_eq!(this, any);
        }

        #[test]
        fn streams_that_the_disk_is_fast_enough_for_never_run_dry(
            streams in 1..4_usize, begun in prop::collection::vec(0..20_u64, 3),
        ) {
            // A block is read in three frames and lasts ten: fast enough for three streams.
            let ahead = begun[..streams].iter().map(|more| READ * streams as u64 + more).collect();
            prop_assert!(goes_on(ahead, 1_000, &mut |ahead| next(ahead.iter().copied().map(Some)).unwrap()));
        }
    }
}
