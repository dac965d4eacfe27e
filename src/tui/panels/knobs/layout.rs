//! The layout of the knobs: sections flow down columns, and over pages if they do not all fit. Pure.

use crate::profile::Profile;

/// Rows per knob, the largest first: label and value, the bar below, an empty row.
const KNOB_ROWS: [u16; 3] = [3, 2, 1];

/// An item of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnItem {
    /// The title of a section; repeated if the section continues in another column.
    Heading {
        /// The section's index in the profile.
        section: usize,
        /// Whether it began in the column before.
        continued: bool,
    },
    /// A parameter's index in the profile.
    Knob(usize),
}

/// One page of knobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnobLayout {
    /// From left to right, each from top to bottom.
    pub columns: Vec<Vec<ColumnItem>>,
    /// How many columns share the width, the same on every page.
    pub across: usize,
    /// Rows per knob.
    pub knob_rows: u16,
}

/// The size of the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayoutSize {
    /// The number of columns side by side.
    pub columns: usize,
    /// Their height in rows.
    pub rows: usize,
}

impl KnobLayout {
    /// All knobs on one page, as large as fits and evenly spread; else the page with the focused one.
    pub fn of(profile: &Profile, room: LayoutSize, focus: usize) -> KnobLayout {
        let all: Vec<usize> = (0..profile.params.len()).collect();
        KnobLayout::with(profile, &all, room, focus, &KNOB_ROWS)
    }

    /// The same with only some of the knobs, by their indexes in order; they are no larger than among all, so that
    /// their size does not change during a search.
    pub fn found(profile: &Profile, found: &[usize], room: LayoutSize, focus: usize) -> KnobLayout {
        let all = KnobLayout::of(profile, room, focus);
        let found = KnobLayout::with(profile, found, room, focus, &[all.knob_rows]);
        KnobLayout { across: found.across.max(all.across), ..found }
    }

    fn with(profile: &Profile, shown: &[usize], room: LayoutSize, focus: usize, knob_rows: &[u16]) -> KnobLayout {
        let LayoutSize { columns, rows } = room;
        for knob_rows in knob_rows.iter().copied() {
            let fits = |rows: &usize| {
                let pages = flow(profile, shown, LayoutSize { columns, rows: *rows }, knob_rows);
                pages.len() <= 1 && !pages.iter().flatten().flatten().any(is_continued)
            };
            // The smallest height that still needs only one page spreads the sections evenly.
            if let Some(rows) = (1..=rows).find(fits) {
                let pages = flow(profile, shown, LayoutSize { columns, rows }, knob_rows);
                let columns = pages.into_iter().next().unwrap_or_default();
                return KnobLayout { across: columns.len(), columns, knob_rows };
            }
        }
        let mut pages = flow(profile, shown, room, 1);
        let page = pages.iter().position(|page| page.iter().flatten().any(|item| *item == ColumnItem::Knob(focus)));
        let at = page.unwrap_or(0);
        let page = if at < pages.len() { pages.swap_remove(at) } else { Vec::new() };
        KnobLayout { columns: page, across: columns, knob_rows: 1 }
    }

    /// Whether a knob of a section is on the page.
    pub fn shows(&self, section: usize) -> bool {
        let heads = |item: &ColumnItem| matches!(item, ColumnItem::Heading { section: at, .. } if *at == section);
        self.columns.iter().flatten().any(heads)
    }

    /// The rows of an item.
    pub fn height(&self, item: ColumnItem) -> u16 {
        match item {
            ColumnItem::Heading { .. } => 1,
            ColumnItem::Knob(_) => self.knob_rows,
        }
    }
}

fn is_continued(item: &ColumnItem) -> bool {
    matches!(item, ColumnItem::Heading { continued: true, .. })
}

type Page = Vec<Vec<ColumnItem>>;

/// Lets the sections flow. A section that fits into a column stays whole; a longer one continues in the next.
fn flow(profile: &Profile, shown: &[usize], room: LayoutSize, knob_rows: u16) -> Vec<Page> {
    let LayoutSize { columns, rows } = room;
    let knob_rows = usize::from(knob_rows);
    let mut pages: Vec<Page> = Vec::new();
    let mut column: Vec<ColumnItem> = Vec::new();
    let mut used = 0;
    let mut turn = |column: &mut Vec<ColumnItem>, used: &mut usize| {
        if column.is_empty() {
            return;
        }
        match pages.last_mut() {
            Some(page) if page.len() < columns => page.push(std::mem::take(column)),
            _ => pages.push(vec![std::mem::take(column)]),
        }
        *used = 0;
    };
    for section in 0..profile.sections.len() {
        let is_shown = |at: &usize| shown.binary_search(at).is_ok();
        let knobs: Vec<usize> = profile.params_in(section).map(|(at, _)| at).filter(is_shown).collect();
        if knobs.is_empty() {
            continue;
        }
        if used + 1 + knobs.len() * knob_rows > rows {
            turn(&mut column, &mut used);
        }
        column.push(ColumnItem::Heading { section, continued: false });
        used += 1;
        for knob in knobs {
            if used + knob_rows > rows && used > 1 {
                turn(&mut column, &mut used);
                column.push(ColumnItem::Heading { section, continued: true });
                used += 1;
            }
            column.push(ColumnItem::Knob(knob));
            used += knob_rows;
        }
    }
    turn(&mut column, &mut used);
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{DEFAULT_ID, Library};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn nts1() -> Arc<Profile> {
        Arc::clone(Library::load(None).0.get(DEFAULT_ID).unwrap())
    }

    #[test]
    fn a_large_window_shows_all_knobs_with_empty_rows_between() {
        for (id, knob_rows) in [("korg_nts1", 3), (DEFAULT_ID, 2)] {
            let profile = Arc::clone(Library::load(None).0.get(id).unwrap());
            let plan = KnobLayout::of(&profile, LayoutSize { columns: 5, rows: 44 }, 0);
            assert_eq!(plan.knob_rows, knob_rows, "{id}");
            assert!((0..profile.sections.len()).all(|section| plan.shows(section)), "{id}");
        }
    }

    proptest! {
        #[test]
        fn the_focused_knob_is_always_on_the_page(columns in 1usize..6, rows in 2usize..60, focus in 0usize..37) {
            let profile = nts1();
            let focus = focus.min(profile.params.len() - 1);
            let plan = KnobLayout::of(&profile, LayoutSize { columns, rows }, focus);
            prop_assert!(plan.columns.len() <= columns);
            prop_assert!(plan.columns.iter().flatten().any(|item| *item == ColumnItem::Knob(focus)));
            for column in &plan.columns {
                let height: usize = column.iter().map(|item| usize::from(plan.height(*item))).sum();
                prop_assert!(height <= rows, "{height} of {rows}");
            }
        }

        #[test]
        fn only_the_found_knobs_are_on_the_page_and_no_larger(
            columns in 1usize..6, rows in 2usize..60, found in proptest::collection::btree_set(0usize..37, 1..12)
        ) {
            let (profile, room) = (nts1(), LayoutSize { columns, rows });
            let found: Vec<usize> = found.into_iter().filter(|at| *at < profile.params.len()).collect();
            let Some(focus) = found.last().copied() else { return Ok(()) };
            let (all, plan) = (KnobLayout::of(&profile, room, focus), KnobLayout::found(&profile, &found, room, focus));
            prop_assert!(plan.knob_rows <= all.knob_rows && plan.across >= all.across);
            prop_assert!(plan.columns.len() <= columns);
            let items: Vec<ColumnItem> = plan.columns.into_iter().flatten().collect();
            prop_assert!(items.contains(&ColumnItem::Knob(focus)));
            for item in items {
                if let ColumnItem::Knob(at) = item {
                    prop_assert!(found.contains(&at), "{at} of {found:?}");
                }
            }
        }
    }
}
